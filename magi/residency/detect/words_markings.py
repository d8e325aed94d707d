"""Marks that offices put on documents, by what they mean, and what shows that one is only talked about.

Sources: 政府統一基準群 (機密性1-3, 取扱制限), 行政文書の管理に関するガイドライン (極秘文書, 秘文書),
地方公共団体の情報セキュリティポリシーに関するガイドライン (自治体機密性), FIRST TLP 2.0, 特定秘密保護法,
重要経済安保情報保護活用法. The other marks are habits without a statute.
"""

from magi.residency.detect.words import words


def _spellings(text: str) -> tuple[str, ...]:
    """Romanised marks with every usual gap between their parts."""
    return tuple(word.replace("-", gap) for word in words(text) for gap in ("", "-", "_", " "))


_ROOMS = words(
    "部 課 局 省 庁 室 所 署 院 社 係 班 室員 府 県 市 町 村 区 校 園 党 政府 部局 内部 官邸 委員 職員 幹部 "
    "管理職 役員 出席者 参加者 構成員 関係者 担当者 当事者 関係課 関係省庁 関係部局 受領者 配布先 配付先 宛先 "
    "関係機関 関係団体 関係課長 課長級 部長級 主管課 担当課 名宛人 会議出席者 議員 理事 事務局 チーム 作業班"
)

LIMITED: tuple[str, ...] = tuple(
    f"{room}{tail}"
    for room in _ROOMS
    for tail in (
        ("内限", "外秘")
        if len(room) == 1 or room in {"政府", "部局"}
        else ("限り", "外秘", "のみ閲覧可", "以外閲覧禁止", "以外秘")
    )
)
"""課内限(り), 関係者限り, 部外秘: who may see it."""

HANDLING = words(
    "部内のみで 課内のみで 庁内のみで 省内のみで 局内のみで 所内のみで 室内限りで 部内のみに 課内のみに "
    "庁内のみに 取扱注意 取扱い注意 取り扱い注意 取扱厳重注意 取扱厳注意 取扱要注意 厳重取扱 要機密情報 "
    "要保護情報 未定稿 "
    "会議後回収 会議終了後回収 会後回収 席上回収 要回収 回収資料 後ほど回収 終了後回収 複製禁止 複写禁止 "
    "コピー禁止 複製不可 複写厳禁 コピー厳禁 転送禁止 転送不可 転送厳禁 再転送禁止 持出禁止 持ち出し禁止 "
    "持出厳禁 持ち出し厳禁 持出し禁止 庁外持出 再配布禁止 再配付禁止 配布禁止 配付禁止 配布厳禁 要暗号化 "
    "暗号化必須 閲覧者限定 配布先限定 配付先限定 公表不可 公表厳禁 対外公表不可 対外非公表 対外非公開 "
    "非公表資料 公開厳禁 公開不可 開示不可 口外禁止 口外無用 口外厳禁 他言無用 他言厳禁 外部秘 対外秘 人事秘 "
    "関係者限 担当者限 職員限 幹部限 参加者限 出席者限 構成員限 委員限 本人限 受領者限 配布先限 宛先限 "
    "印刷禁止 撮影録音禁止資料 不開示情報を含む 用済後廃棄 用済み後廃棄 使用後廃棄 使用後裁断 要裁断 "
    "外部提供禁止 目的外利用禁止 内部検討用 内部検討資料 部内検討用 庁内検討用 庁内資料 省内資料 局内資料"
)
"""取扱制限 and habits that say: not for outsiders."""

SECRET_MARKS = words(
    "厳秘 対外厳秘 極秘 極秘文書 秘文書 時限秘 時秘 マル秘 丸秘 まる秘 秘密文書 秘密指定 機密文書 最高機密 "
    "軍事機密"
)

CLASSIFIED_MARKS = words(
    "特定秘密 重要経済安保情報 重要経済安全保障情報 防衛秘密 特別防衛秘密 特定秘密文書 特定特別防衛秘密 "
    "重経安情報 重経安 重要経安情報 特秘"
)

CLASSIFIED_FIELDS = words(
    "指定権者 要件該当性 指定の整理番号 特定秘密指定管理簿 特定秘密取扱 特定秘密の表示 暗号名及び番号 "
    "適性評価実施責任者の許可 クリアランスの対象者 クリアランス対象者 クリアランス保持者 クリアランス保有者 "
    "適性評価対象者のみ 適性評価を受けた者のみ 適性評価を受けた者に 適性評価を受けた職員のみ "
    "適性評価に合格した者のみ 特定秘密取扱業務 重要経済安保情報取扱業務従事者"
)
"""What stands in the register, on the cover, or of those who may see designated information."""

WEAK_MARKS = words("秘 機密 親展 社内秘 内密 秘密")
"""Ordinary words too: a mark only where they stand as one."""

ROMAN_INTERNAL = _spellings(
    "kimitsusei-2 kimitsu-sei-2 kimitsusei-3c kimitsusei-ni toriatsukai-chui toriatsukai-chuui "
    "toriatsukai-chuu-i kanai-gen bunai-gen bunai-kagiri kanai-kagiri shonai-gen shagai-hi bugai-hi "
    "kankeisha-kagiri kankeisya-kagiri mitei-kou fukusei-kinshi tensou-kinshi tensou-kinsi "
    "mochidashi-kinshi "
    "kaigigo-kaishu"
)

ROMAN_SECRET = _spellings("goku-hi kimitsusei-3 kimitsusei-3a gen-pi")

ROMAN_PERSONAL = _spellings("kimitsusei-3b")

ROMAN_CLASSIFIED = _spellings(
    "tokutei-himitsu juyou-keizai-anpo-jouhou juyo-keizai-anpo-joho juyo-keizai-anpo"
)


ENGLISH_INTERNAL = (
    "internal use only", "for internal use", "internal only", "for official use only", "official use only",
    "not for distribution", "not for public release", "not for release", "not for publication",
    "do not distribute", "do not forward", "do not circulate", "do not copy", "sensitive but unclassified",
    "official: sensitive", "official sensitive", "for your eyes only", "limited distribution",
    "need to know only", "close hold", "embargoed until", "under embargo", "privileged and confidential",
    "strictly private", "confidentiality 2", "confidentiality level 2", "company confidential",
    "for internal circulation", "internal circulation only", "not to be circulated", "not for onward",
    "not for sharing", "do not share", "for internal eyes", "internal document", "internal distribution",
    "staff only", "for limited circulation", "not for circulation", "handle with care: internal",
    "law enforcement sensitive",
    *words(
        "fouo official-sensitive pre-decisional confidentiality-2"
    ),
)  # fmt: skip

ENGLISH_SECRET = (
    "top secret", "strictly confidential", "highly confidential", "most secret", "eyes only",
    "confidentiality 3", "confidentiality level 3", "classified document", "most confidential",
    *words(
        "noforn confidentiality-3 secret//"
    ),
)  # fmt: skip

ENGLISH_CLASSIFIED = (
    "specially designated secret", "special designated secret", "specified secret",
    "designated state secret", "critical economic security information",
    "important economic security information", "designated critical economic",
    "act on the protection of specially designated secrets",
)  # fmt: skip

ENGLISH_BARE = words("confidential secret restricted internal classified sensitive")
"""Marks in capitals or in brackets; ordinary words otherwise."""

MENTION = (
    " mean ", "compared with", "general explanation",
    *words(
    "廃棄業者 の廃棄 溶解 シュレッダー ステッカー 荷札 荷物 宅配 郵便 段ボール 割れ物 って何 ってなに "
    "って意味 の英語 作り方 かけ方 "
    "イラスト デザイン とは 意味 違い 由来 使い分け 定義 英語で "
    "英訳は 読み方 書き方 辞書 強さの順 順番は 順は ラベル シール スタンプ ゴム印 マーク 札を の印を 表示方法 "
    "表示の付け方 付け方 の表示を 併記 作法 基準を 格付け基準 格付の基準 という語 という言葉 という表示 "
    "という題 といった 区分の 区分は 一般 研修 だけを使って 対応関係 新旧 規程 規定 条文 ルール 解釈 例文 例を "
    "どう違 映画 小説 ドラマ 脚本 題名 架空 漫画 ゲーム 台詞 番組 歌詞 レシピ 言い換え 類語 対義語 何ですか "
    "何のこと 制度 該当する場合 必要か 要りますか 何年 種類 目安 難しい 概念 考え方 どう扱 仕組み 手引 "
    "ガイドライン 統一基準 difference meaning definition what stand explain 例として"
    ),
)  # fmt: skip
"""Said near a mark, it is talked about."""

ASKED = words("意味 とは 由来 符号 unicode Unicode UNICODE 正規化 NFKC 文字コード 絵文字 読み方 記号 映画")
"""Said near ㊙, it is asked about."""

LAW = words(
    "保護法 保護活用法 の保護に関する法律 の保護及び活用 保護法施行令 保護制度 制度 とは の定義 の指定の要件 "
    "の要件 の意義 法の 法制 運用基準 に関する法律 の国会報告 の指定件数 の指定状況 の件数 の範囲を定 "
    "の有効期間は という語 という言葉 に関する条文 の罰則 について定め 違反 の漏えい罪 漏洩罪 の取得罪 の解除 "
    "の4分野 の四分野 の分野 審査会 諮問会議 が誕生 の歴史"
)
"""Right after the name of designated information, it is the law that is talked about."""

HELD = words(
    "(令 (平 (防 (外 (警 号) 当省 当課 当庁 当局 当社 当県 当市 当所 当室 本省 弊社 我が 写し 受領 交付 "
    "提供を受け 提供先 指定第 指定番号 指定期間 整理番号 別紙 別添 別表第 抜粋 部のうち 要約 表にして 平易 "
    "直して 書き直 清書 推敲 のうち、 以下の 次の 添付 取扱者限り 保管 台帳 配布 閲覧 開いて 訳して 整えて "
    "translate summarize summarise contains copy this document attached"
)
"""Signs that designated information itself is at hand."""

KANA_INTERNAL = ("キミツセイ2", "きみつせい2", "キミツセイ 2", "とりあつかい注意", "トリアツカイ注意")
KANA_SECRET = ("キミツセイ3", "きみつせい3", "キミツセイ 3")
READINGS_INTERNAL = words(
    "トリアツカイチュウイ トリアツカイゲンジュウチュウイ ブナイカギリ カナイカギリ キョクナイカギリ "
    "ショウナイカギリ チョウナイカギリ ブナイゲン カナイゲン チョウナイゲン ショウナイゲン カンケイシャカギリ "
    "カンケイシャガイヒ ブガイヒ シャガイヒ ミテイコウ カイギゴカイシュウ フクセイキンシ テンソウキンシ "
    "モチダシキンシ ヨウアンゴウカ キミツセイニ キミツセイ2 ヨウキミツジョウホウ タイガイヒ コウガイムヨウ "
    "タゴンムヨウ"
)

READINGS_SECRET = words("ゴクヒ ゲンピ マルヒ ジゲンヒ キミツセイサン ヒミツブンショ タイガイゲンピ")

READINGS_CLASSIFIED = words("トクテイヒミツ ジュウヨウケイザイアンポジョウホウ ボウエイヒミツ")

READINGS_MENTION = words(
    "ノイミ トハ ノチガイ ノテイギ ホゴホウ セイド ノヨミカタ ノカキカタ エイガ ショウセツ ゴクヒリ"
)
