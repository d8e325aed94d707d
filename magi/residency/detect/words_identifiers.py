"""Words that stand beside the numbers of people: names of numbers, heads of columns, what speaks against them.

Everything here is vocabulary; `identifiers` decides what it means. Spellings are given as they read after folding
(`views.plain`); letter case does not matter. Sources: the names used by the statutes (番号法 2条5項, 国民年金法 14条,
健康保険法, 介護保険法, 住民基本台帳法 7条13号, 道路交通法 93条, 旅券法, 入管法 19条の4) and by offices' forms.
"""

MY_NUMBER = (
    "個人番号", "マイナンバー", "まいなんばー", "マイナンバ-", "コジンバンゴウ", "こじんばんごう",
    "コジン番号", "mynumber", "my number", "my_number", "my-number", "my_num", "my num", "mynum", "myno",
    "my_no", "my no.", "mainanba", "mai nanba", "mai nambaa", "kojin_bango", "kojin bango", "kojin-bango",
    "kojinbango", "kojin_no", "kojinno", "individual number", "individual_number", "individual-number",
    "individualnumber", "individual no", "番号確認", "通知カード", "番号カード", "共通番号", "特定個人情報",
    "番号法", "検査用数字", "マイナ番号", "マイナンバ", "個人no", "個番", "myナンバー", "my ナンバー",
    "mainamba", "personal number", "numero individual", "número individual", "个人编号", "个人号码",
    "個人編號", "마이넘버", "개인번호", "mã số cá nhân", "social security and tax number", "社会保障・税番号",
)  # fmt: skip

TOLD = (
    "読み上げ", "読上げ", "復唱", "口頭で", "前半", "後半", "上6桁", "下6桁", "上4桁", "下4桁", "上六桁",
    "下六桁", "マイナ保険証", "マイナカード", "first half", "last six", "first six",
)  # fmt: skip

NUMBER = (
    "番号", "ナンバー", "バンゴウ", "ばんごう", "bango", "number", "no.", "支払調書", "源泉徴収", "扶養控除",
    "住基", "j-lis", "juki", "情報連携", "中間サーバ", "12桁", "12けた", "12ケタ", "十二桁", "12 digits",
    "12-digit",
)  # fmt: skip

OTHER_NUMBER = (
    "法人番号", "登録番号", "追跡", "伝票", "荷物", "問い合わせ番号", "お問合せ番号", "統計", "管理番号",
    "製造番号", "シリアル", "型番", "isbn", "jan", "バーコード", "発注", "注文番号", "契約番号", "文書番号",
    "文書整理番号", "物品番号", "資産番号", "備品番号", "図書", "口座", "電話", "fax", "account id",
    "アカウントid", "arn:", "受付番号", "整理番号", "免許証", "告示", "serial", "tracking",
    "corporate number", "商品コード", "部品", "メッシュ", "gtin", "調達番号", "案件番号", "会議番号",
    "ミーティング", "meeting", "号機", "地番", "コード表", "upc", "ean", "itf", "商品", "ロット", "管理コード", "doi",
    "orcid",
)  # fmt: skip

PRODUCT_NUMBER = tuple(
    word
    for word in OTHER_NUMBER
    if word not in ("整理番号", "受付番号", "免許証", "口座", "電話", "登録番号")
)

QUANTITY = (
    "(円)", "金額", "出荷額", "百万円", "千円", "人口", "予算", "決算", "総額", "(人)", "億円", "統計",
    "乱数", "タイムスタンプ", "timestamp", "バイト", "bytes",
)  # fmt: skip

EXAMPLE = (
    "ダミー", "サンプル", "架空", "記載例", "記入例", "テスト用", "テストデータ", "dummy", "sample", "例えば",
    "たとえば", "for example", "e.g.", "検証用の値",
)  # fmt: skip

PERSON = (
    "さん", "様の", "様か", "様に", "様は", "様へ", "様が", "様、", "様(", "様)", "殿", "枝番", "受診",
    "レセプト", "氏", "の方", "本人", "申請者", "申込者", "申出", "世帯主", "相談者", "届出人", "滞納",
    "未納", "受給", "対象者", "生徒", "児童", "患者", "職員", "受験者", "名義", "請求者", "被保険者",
    "納税義務者", "所有者", "加入者", "氏名", "母親", "父親", "長男", "長女", "妻", "来庁", "applicant",
    "mr.", "ms.", "mrs.", "san ", "督促",
)  # fmt: skip

PENSION = (
    "年金番号", "年金手帳", "年金証書", "pension number", "pension no", "nenkin bango", "nenkin_no",
    "nenkin_bango", "ネンキンバンゴウ", "ねんきん番号", "kisonenkin",
)  # fmt: skip

INSURED = (
    "被保険者番号", "被保険者証", "被保険者no", "被保番号", "被保険者記号", "受給者番号", "受給者証",
    "公費負担者番号", "負担者番号", "資格確認書", "保険証", "組合員証", "加入者証", "組合員番号",
    "受給資格者証", "insured number", "insured no", "insurance number", "insured person number", "hihokensha",
    "hihoken", "ヒホケンシャ", "国保番号", "国保証", "雇用保険番号",
)  # fmt: skip

INSURER = ("保険者番号", "保険者no")

RESIDENT = (
    "住民票コード", "住民コード", "住基コード", "住民票cd", "宛名番号", "宛名コード", "世帯番号",
    "個人コード", "juminhyo", "jumin_code", "jumin code", "resident code", "resident record code",
    "residence code", "atena", "setai_no", "ジュウミンヒョウコード", "住民番号",
)  # fmt: skip

LICENCE = (
    "免許証番号", "免許証", "免許番号", "運転免許", "driver's license", "driver's licence", "drivers license",
    "driving licence", "driving license", "license no", "licence no", "license number", "licence number",
    "menkyo", "メンキョショウ", "運転経歴証明書",
)  # fmt: skip

PASSPORT = ("旅券", "パスポート", "passport", "ryoken", "リョケン", "査証", "渡航文書")

ACCOUNT = (
    "口座番号", "口座", "普通", "当座", "貯蓄", "(普)", "(当)", "振込先", "振込み先", "名義", "ゆうちょ",
    "koza", "kouza", "account number", "account no", "bank account", "コウザ", "フツウ", "futsuu", "futsu ",
    "futsu_", "account_no",
)  # fmt: skip

ACCOUNT_ABROAD = ("account number", "account no", "acct no", "a/c no", "bank account")

PUBLIC_ACCOUNT = ("義援金", "義えん金", "募金", "寄附金", "寄付金", "公金", "会計管理者", "支援金の受付")

CARD = (
    "カード番号", "クレジット", "カード", "credit card", "card number", "card no", "card ", "card_no",
    "cardnumber", "visa", "mastercard", "jcb", "amex", "デビット", "pan=",
)  # fmt: skip

FILE_OF_PERSON = (
    "ケース番号", "ケースno", "患者番号", "患者id", "患者no", "カルテ番号", "カルテno", "診察券", "学籍番号",
    "学籍no", "生徒番号", "職員番号", "職員id", "職員no", "職員コード", "社員番号", "求職番号", "求職者番号",
    "手帳番号", "手帳 第", "手帳第", "印鑑登録番号", "印鑑登録証", "印鑑番号", "納税者番号", "納税者id",
    "納税者整理番号", "通知書番号", "納通番号", "利用者番号", "利用者識別番号", "利用者id", "会員番号",
    "水栓番号", "使用者番号", "お客様番号", "お客さま番号", "軍歴番号", "受刑者番号", "称呼番号", "在監番号",
    "保護番号", "母子手帳", "母子健康手帳", "児童番号", "台帳番号", "支給番号", "認定番号", "恩給証書",
    "受験番号", "被災者番号", "罹災証明", "外国人登録番号", "外国人登録証", "り災証明", "employee id",
    "employee no", "employee number", "student id", "student number", "patient id", "patient no",
    "patient number", "taxpayer number", "taxpayer id", "case no", "case number", "shokuin_id", "shokuin_no",
    "kanja_id", "kanja_no", "gakuseki", "shokuin bango", "kanja bango", "カンジャバンゴウ",
    "ショクインバンゴウ", "被保護者", "納付番号", "確認番号",
)  # fmt: skip

FILE_NUMBER = (
    "整理番号", "受付番号", "証明書番号", "受理番号", "申請番号", "照会番号", "交付番号", "登録番号",
    "受付no", "整理no", "事件番号", "reference no", "reference number", "application no",
    "application number", "seiri", "uketsuke", "許可番号", "届出番号",
)  # fmt: skip

HEALTH = (
    "資格確認書", "保険証", "被保険者", "枝番", "レセプト", "受診", "患者", "記号", "診療", "返戻", "組合員",
    "健康保険", "国保",
)  # fmt: skip
