"""Words around addresses and numbers: what is an office's, what is a person's, what is only an example."""

from magi.residency.detect.wordlist import word_list

OFFICE = word_list(
    """
    市役所 区役所 町役場 村役場 役場 県庁 都庁 府庁 道庁 庁舎 本庁 支庁 省 庁 局 署 裁判所 検察 議会 議事堂
    委員会 公民館 図書館 博物館 美術館 体育館 公会堂 市民会館 保健所 保健センター センター 代表 照会先
    問合せ先 問い合わせ先 お問い合わせ 問合わせ 担当課 広報 総務課 窓口 相談室 コールセンター ホットライン
    ダイヤル 本社 支社 本店 支店 営業所 株式会社 (株) 有限会社 (有) 合同会社 財団法人 社団法人 法人番号 登記
    所在地 会場 開催 大学 高校 中学校 小学校 幼稚園 保育園 保育所 病院 診療所 クリニック 消防 警察 交番 郵便局
    年金事務所 税務署 税関 出張所 機構 協会 事務所 事務局 商工会 農協 銀行 信用金庫 ホテル 駅 空港 工場 霞が関
    永田町 霞ヶ関 大使館 領事館 研究所 出版社 編集部 ministry agency office city hall bureau embassy inc. co.,
    ltd corporation university 工事 断水 通行止 町名 町丁 地番整理 住居表示 丁目別 公園 施設 店舗 展示 交差点
    防災 避難所
    """,
)
PRIVATE = word_list(
    """
    自宅 実家 在住 居住 住まい 転居先 転出先 転入先 本籍 住民票 世帯主 世帯 申請者 申請人 届出人 請求者 請求人
    相談者 利用者 患者 氏名 本人 筆頭者 所有者 納税義務者 滞納者 入居者 保護者 世話人 被保険者 受給者 被害者
    加害者 被疑者 元夫 元妻 夫 妻 長男 長女 娘 息子 母 父 祖母 祖父 家族 緊急連絡先 折り返し 折返し 携帯 私用
    さん 様 氏は 氏の 氏が 名義 差出人 通報者 発信者 投稿者 契約者 tenant applicant resident living at lives
    home address mobile cell shimei jusho denwa keitai 留守 本人宅 訪問先 空き家 苦情 会員 応募者 受講者
    申込者
    """,
)
EXAMPLE = word_list(
    r"""
    記入例 記載例 サンプル 見本 ダミー テストデータ 入力例 正規表現 正規化 書式 表記 例: 例) 例えば たとえば
    プレースホルダ placeholder dummy sample 書き方の例 regex re.fullmatch re.compile re.sub pattern \d 形式は
    形式の 桁数 桁区切り バリデーション validation 市外局番の 例示
    """,
)
SAMPLE = word_list(
    r"""
    記入例 記載例 サンプル 見本 ダミー テストデータ 入力例 例: 例) 例えば たとえば プレースホルダ placeholder dummy
    sample regex re.fullmatch re.compile re.sub \d 架空
    """,
)
"""What makes any number one that nobody has; the others of `EXAMPLE` also stand in orders to tidy up a list."""
ADDRESS = word_list(
    """
    住所 現住所 本籍 所在 居所 転居先 転出先 転入先 住居 居住地 送付先 送り先 住まい address jusho
    """,
)
LIVES = word_list(
    """
    living lives address resident applicant tenant mr. ms. mrs. home moved jusho
    """,
)
ACCOUNT = word_list(
    """
    アカウント インスタ instagram twitter ツイッター facebook フェイスブック tiktok line sns dm ハンドル x(旧
    ユーザー名
    """,
)
SENDER = word_list(
    """
    発信者 投稿者 書き込んだ 書き込み主 送信者 送信元の利用者 接続元の利用者 アクセスした職員 脅迫 契約者情報
    なりすまし 誹謗
    """,
)
SPOKEN_AT = (
    " at ",
    *word_list(
        """
    アットマーク あっとまーく アットマ-ク [at] (at) {at} <at> ＠ ★ ☆ (a) (アット) (あっと)
    """,
    ),
)
INVENTED = frozenset(
    (
        "taro",
        "hanako",
        "alice",
        "bob",
        "abc",
        "xyz",
        "aaa",
        "hoge",
        "fuga",
        "john",
        "jane",
        "john.doe",
        "jane.doe",
    )
)
"""Mailboxes that nobody has, in the domains kept for examples (RFC 2606)."""
SHARED = frozenset(
    word_list(
        """
    info information contact support admin administrator webmaster postmaster noreply reply help helpdesk desk
    office press pr public relations koho kouhou soumu soumuka somu jinji zaimu zaisei keikaku kikaku shimin
    juumin jumin zei zeimu kanzei fukushi hoken nenkin kodomo kosodate kyoiku kyouiku gakko kankyo kensetsu
    toshi doboku suido kanko kankou bosai bousai kikikanri madoguchi soudan sodan uketsuke shinsei toiawase
    otoiawase goiken iken pubcom opendata data security csirt soc cert abuse sales order user username name
    example sample test foo bar you someone xxx mail email address git root hello staff recruit saiyo saiyou
    gyosei jouhou joho johou it dx digital service center team group ml list news magazine editor library
    tosho kaigi jimukyoku secretariat hisho gikai senkyo shoko sangyo norin keiyaku chotatsu nyusatsu kaikei
    kansa houmu bunsho toukei tokei stat kokuho
    """,
    )
)
MIN_SHARED = 2
"""Shorter names of desks end too many words."""
SHARED_ENDS = tuple(sorted(word for word in SHARED if len(word) > MIN_SHARED))
"""The same where white space is gone and the words before run into the mailbox."""
