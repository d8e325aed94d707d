"""Parts of the names of residents from abroad, and what an office does with their papers.

The parts are those common among the nationalities of 在留外国人統計 (Viet Nam, China, Korea, the Philippines, Nepal,
Brazil, Indonesia, Myanmar, Sri Lanka, Thailand, India, Bangladesh, Pakistan, Peru, Cambodia, Mongolia, Türkiye).
"""

from magi.residency.detect.wordlist import word_list

KATAKANA_PARTS = word_list(
    """
    グエン グェン グウェン チャン レー ファム ホアン フイン フィン ファン ヴー ヴォー ブイ ドー ゴー ズオン ヴァン
    ティ トゥアン トゥエット フオン フォン フン ズン ミン リン アイン クオン ホア リー ワン チェン リウ リュウ ヤン
    ジャン チャオ ホワン シュー スン ガオ ユーハン シャオ ウェイ キム パク チェ チョン カン ユン ミンジュン ソヨン
    サントス レイエス クルーズ クルス バウティスタ ガルシア メンドーサ ラモス マリア ホセ フアン マリクリス ジョイ
    デラクルス トーレス フローレス アキノ ビラヌエバ タマン シュレスタ グルン マガル アディカリ カドカ シャルマ タパ
    ビシュワカルマ バスネット バンダリ カトリ ポウデル チョードリ シルバ シウバ ソウザ ソーザ オリベイラ フェレイラ
    ペレイラ アルベス カルロス ロドリゲス ゴンザレス ゴンサレス フェルナンデス ロペス ペレス サンチェス キスペ アウン
    ミョー ウィン トゥン ゾー チョー ナイン ティン ワヒュー ワヒュ スティアワン サプトラ ヌグロホ デウィ プトラ
    ラフマット ペレラ フェルナンド シルワ バンダラ ソムチャイ スパポーン クマール パテル グプタ ヤダフ ラーマン
    ホセイン フセイン イスラム アクター ベガム モハメド モハマド ムハンマド アフメド アハメド カーン アリ ハサン
    ウッディン ソク チャンナ バトバヤル エンフ エルデネ オユン アイシェ メフメト オズトゥルク ユルマズ デミル
    イブラヒム アブドゥル アブドル ファティマ ペトロフ イワノフ オレナ オクサナ
    """,
)
LATIN_PARTS = word_list(
    """
    nguyen tran pham hoang huynh vu vo dang bui duong van thi thuy linh zhang wang chen liu yang zhao huang zhou
    xu sun gao kim park choi jung kang yoon santos reyes cruz bautista garcia mendoza ramos dela torres flores
    tamang shrestha gurung rai magar adhikari khadka sharma thapa basnet bhandari khatri poudel silva souza
    oliveira ferreira pereira alves costa rodriguez gonzales fernandez lopez perez aung myo win tun zaw htet naing
    tin setiawan saputra nugroho putra perera fernando bandara singh kumar patel gupta yadav rahman hossain hussain
    islam akter begum mohamed mohammad muhammad ahmed khan ali hasan uddin ibrahim abdul batbayar enkh erdene
    yilmaz demir ivanov petrov
    """,
)
PAPERS = word_list(
    """
    在留 技能実習 実習生 特定技能 永住 帰化 入管 通訳 日本語指導 日本語教室 外国人 外国籍 国籍 通称 旅券 パスポート
    査証 ビザ 難民 国保 転入 転出 転校 転居 住民税 住民票 児童手当 就学 留学 雇用 受入企業 届 申請 相談 来庁 滞納
    督促 面談 面接 採用 納付 資格 期間更新 家族滞在 就労 賃金 寮 労災 受診 入院 通院 保育 世帯 氏名 担任 欠席 証明書
    """,
)
"""What is done with somebody's papers: with a name of these parts it is that person's case."""
