"""Names of fields in logs, JSON, settings and forms of offices, in romaji and English, and what their values say.

Compared in lower case, with `-` and blanks as `_`. Sources: the columns of 自治体システム標準化's data lists, of
offices' own tables and of HL7 FHIR resources, in the spellings in which programs write them.
"""

from magi.residency.detect.words import words

PERSON = words(
    "shimei simei namae sei mei kana_shimei shimei_kana kana_mei name_kana kana_name full_name fullname last_name "
    "first_name given_name family_name surname maiden_name kyusei tsusho tsushomei honmyo honmyou atena atena_mei "
    "atena_name atesaki_mei jusho juusho jyusho genjusho shin_jusho kyu_jusho jusho1 honseki denwa denwa_no keitai "
    "keitai_no tel_no seinengappi seinen_gappi tanjobi tanjoubi birth_date birthdate birthday date_of_birth dob "
    "setainushi setai_nushi todokedenin todokede_nin shinseisha shinsei_sha shinseinin shinsei_nin seikyusha "
    "moushikomisha moshikomisha soudansha sodansha taishosha taisho_sha taishousha taishoji hihokensha hihokensya "
    "jukyusha jukyuusha nozeisha nouzeisha tainosha tainousha kanja jido_mei jidou_mei seito_mei hogosha "
    "hogosha_mei haigusha kazoku zokugara tsuzukigara seibetsu nenrei kokuseki patient_name applicant_name "
    "resident_name customer_name employee_name victim_name student_name guardian_name contact_name home_address "
    "street_address phone_number mobile_number passport_no shokuin_mei renrakusaki ikensha kujou_nushi moushidenin "
    "higaisha_mei kagaisha_mei yukue nin_mei meigi meiginin koza_meigi"
)
"""What a person is called, where they live, how to reach them."""

NAMES = frozenset(
    words(
        "shimei simei namae kana_shimei shimei_kana kana_mei name_kana kana_name full_name fullname atena_mei "
        "atena_name atena tsushomei setainushi todokedenin shinseisha shinseinin seikyusha moushikomisha soudansha "
        "taishosha taishousha hihokensha jukyusha nozeisha tainosha kanja jido_mei jidou_mei seito_mei hogosha "
        "patient_name applicant_name resident_name victim_name student_name meigi meiginin koza_meigi moushidenin "
        "seinengappi birth_date birthdate date_of_birth dob jusho juusho jyusho genjusho keitai tainousha"
    )
)
"""Of these one with its value is enough."""

SENSITIVE = words(
    "soudan sodan soudan_naiyou soudan_shubetsu higai higaisha kagaisha victim perpetrator suspect abuse gyakutai "
    "neglect byomei byoumei byoumei_cd shobyo shoubyou shobyomei diagnosis icd icd10 icd_10 shougai shogai "
    "shougai_shubetsu disability techo techou techo_kyu techou_kyuu seiho seikatsuhogo seikatsu_hogo hogo_kubun "
    "hogo nyuin nyuuin tsuin tsuuin kiou kiou_reki kioureki kioreki byoreki byoureki medication meds fukuyaku "
    "shohou shobun choukai chokai shobunreki zenka zenreki zenka_reki hanzai hanzaireki crime offense offence "
    "criminal_record arrest hinan shelter escort dv dv_flag dvflag dv_shien shien_sochi yokaigo youkaigo kaigodo "
    "care_level kansen kansensho infection hiv std jisatsu suicide self_harm selfharm ninshin pregnancy pregnant "
    "religion shukyo shuukyou shinjo shinkou ethnicity sexual_orientation gender_identity seiteki_shikou "
    "fingerprint shimon biometric whistleblower tsuho tsuuho tsuuhou tsuhosha tsuuhousha informant ninchi "
    "ninchisho dementia izon izonsho addiction alcohol_use hikikomori futoukou futoko ijime bullying hinkon tainou "
    "tainougaku aza kizu kega bouryoku bouryou tsukoku tsuukoku tsuukokusha tsukokusha boukou kyuushoku "
    "kyushoku kyushoku_riyu mental shinri kenshin_kekka shinsatsu shindan kanrei nanmin "
    "refugee zairyu_shikaku jiyu_riyu"
)
"""What a person suffers, did or is protected from."""

SENSITIVE_VALUES = words(
    "dv gyakutai abuse neglect sekuhara pawahara harassment depression utsu utsubyou tougou schizophrenia dementia "
    "ninchi ninchisho cancer gan hiv hiv_pos aids seiho seikatsuhogo jisatsu suicide izon arrest taiho kenkyo "
    "kenkyou jail prison stalker stalking rape sexual_assault assault overdose od lisuka risuka hikikomori futoukou "
    "futoko ijime bullying pregnant ninshin abortion refugee nanmin tsuho tsuuhou whistleblow homeless chokai "
    "choukai teishoku menshoku kaikoku gengo tb kekkaku seishin chiteki shintai hattatsu epilepsy tenkan alcohol "
    "drug kakuseizai"
)
"""The same, as the value of a field such as `type` or `kubun`."""

NAMED = frozenset(
    words(
        "applicant resident patient claimant customer guardian tenant taxpayer insured victim suspect "
        "student name owner "
        "client caller staff tantou tantousha user username assignee sender recipient to from shokuin contact"
    )
)
"""Whose name may be meant: a value that reads as a Japanese full name is one."""

KIN = frozenset(
    words(
        "otto tsuma haha chichi musuko musume kodomo kare kanojo danna shujin kanai watashi ane ani imouto "
        "otouto sofu "
        "sobo gibo gifu ryoushin kazoku joushi buka tonari josei dansei danji joji husband wife mother father son "
        "daughter child boyfriend girlfriend he she"
    )
)
"""Of whom a value in romaji or English tells."""

PARTICULAR = words(
    "id case case_no case_id emp emp_id uid user_id no seiri seiri_no uketsuke uketsuke_no age nenrei sex seibetsu "
    "gender child children ko kodomo jidou jido setai household ward name shimei namae patient kanja staff "
    "worker tantou tantousha status stat date since address jusho room addr tel taishosha taishou kubun victim "
    "higaisha jukyusha"
)
"""What makes a record one of somebody."""

HANDLING = words(
    "handling toriatsukai toriatukai toriatsukai_kubun classification classified_as kimitsusei kimitsu kimitsudo "
    "sensitivity confidentiality confidentiality_level security_level security_class distribution dissemination "
    "audience restriction restrictions marking caveat koukai kokai koukai_kubun kokai_kubun koukai_hani disclosure "
    "tlp etsuran etsuran_hani haifu haifusaki haifu_hani joho_kubun jouhou_kubun release releasability limit "
    "share_with sharing 取扱 取扱い 取扱区分 取扱制限 公開区分 公開範囲 閲覧範囲 配布範囲 配布先 機密区分 "
    "情報区分 共有範囲"
)
"""Who may see a document."""

LOOSE_HANDLING = words(
    "class level label visibility access scope kubun status state stage phase permission note tag"
)
"""The same, and many other things in programs: only a plain value counts."""

RESTRICTED = words(
    "internal internal_only internal_use internal_use_only restricted confidential private limited sensitive "
    "official_sensitive amber amber+strict green 関係者 関係者限り 非公開 部外秘 課内 課内限り 庁内 庁内限り "
    "省内 省内限り "
    "局内 内部 内部限り 内部のみ 管理職のみ 管理職限り 幹部 幹部限り 幹部のみ 職員のみ 職員限り 限定 未公表 "
    "公表前 対外秘 closed "
    "not_public nonpublic non_public not_for_release do_not_forward no_forward mi mikoukai"
)
PLAINLY_RESTRICTED = words(
    "bugaihi bugai_hi bunaigen bunai_gen bunai_kagiri bunaikagiri kanaigen kanai_gen kanai_kagiri kanaikagiri "
    "kyokunaigen shanaigen shonaigen chounaigen chonaigen chounai_nomi chonai_nomi shagaihi shagai_hi taigaihi "
    "kankeisha kankeisha_nomi kankeisha_kagiri kankeishakagiri kankeisya_nomi kanrishoku kanrishoku_nomi "
    "kanrishoku_kagiri kanbu kanbu_nomi kanbu_kagiri shokuin_nomi shokuin_kagiri hikoukai hikokai hi_koukai "
    "fukoukai fukokai mikouhyou mikohyo mikohyou mi_kouhyou kouhyoumae kouhyou_mae kohyomae happyoumae naibu "
    "naibu_nomi naibu_kagiri naibu_shiryou naibu_kentou miteikou mitei_kou toriatsukai_chui toriatsukai_chuui "
    "toriatsukaichui toriatsukaichuui chui_toriatsukai kaigigo_kaishu kaishu fukusei_kinshi tensou_kinshi "
    "mochidashi_kinshi naiji naijimae naiji_mae hatsureimae hatsurei_mae staff_only managers_only executives_only "
    "eyes_only need_to_know embargo embargoed unpublished not_published pre_release prerelease_gov "
    "pre_decisional predecisional fouo for_official_use_only gaibu_fuka koukai_fuka kokai_fuka himitsu_atsukai"
)
"""Values that say it whatever their field is called."""

SECRET = words(
    "secret top_secret strictly_confidential red gokuhi genpi maruhi himitsu 極秘 厳秘 秘 マル秘 noforn"
)
PLAINLY_SECRET = words("gokuhi genpi maruhi top_secret tlp_red tlp:red")

UNTOLD = words(
    "published publish is_published is_public public koukai kokai kouhyou kohyo kouhyo_zumi released 公表 公開"
)
"""Whether it is out: counts where the value says no, in Japanese or beside a matter of offices."""
NO = frozenset(words("mi mada fuka ng 未 不可 否 未定 未公表 前 mae"))

TYPES = frozenset(
    words(
        "string str text varchar varchar2 nvarchar char int integer bigint number numeric decimal float double bool "
        "boolean date datetime timestamp object array list dict map any null none nil undefined required optional "
        "true false yes no auto serial uuid enum blob json xml field column key value input label header placeholder "
        "unknown default test sample example dummy foo bar baz hoge fuga piyo xxx xxxx todo tbd na n/a public open "
        "name address phone email taro yamada_taro hanako full half max min length size zenkaku hankaku hissu ninni "
        "必須 任意 全角 半角 文字列 数値 日付 文字 文字型 なし 空 未設定 氏名 住所 電話番号 名前 見出し 項目 列 "
        "サンプル ダミー 記入例 記載例 見本 山田太郎"
    )
)
"""What stands in place of a value: types, defaults, what everybody writes."""
