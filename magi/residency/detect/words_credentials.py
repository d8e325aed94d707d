"""Words that stand beside secrets, and what shows that no secret is given.

Everything here is vocabulary; `credentials` and `layout` decide what it means. Letter case does not matter.
"""

NAMED = (
    "wpa2キー", "wpa3キー", "wpaキー", "wifiのキー", "wi-fiのキー",
    "パスワード", "パスフレーズ", "合言葉", "合い言葉", "ぱすわーど", "パスワ-ド", "password", "passwd",
    "passphrase", "passcode", "パスコード", "pasuwaado", "pasuwado", "pasuwa-do", "暗号化キー", "暗号鍵",
    "暗号キー", "復号キー", "復号鍵", "事前共有鍵", "共有鍵", "共有シークレット", "プリシェアードキー",
    "pre-shared key", "preshared key", "shared secret", "セキュリティキー", "ネットワークキー", "接続キー",
    "シークレットキー", "シークレット", "秘密鍵", "apiキー", "アクセスキー", "トークン", "回復キー",
    "リカバリーコード", "復旧コード", "復旧用コード", "リカバリコード", "バックアップコード",
    "コミュニティ名", "コミュニティ文字列", "コミュニティストリング", "シード", "snmp community",
    "community string", "snmp-server community", "enable secret", "enable password", "密码", "密碼",
    "비밀번호", "senha", "contraseña", "mật khẩu", "mot de passe", "passwort", "秘密の質問", "wi-fiキー",
    "wifiキー", "ライセンスキー", "プロダクトキー", "product key", "license key", "セッションid",
    "session id", "初期化キー", "管理者キー", "マスターキー", "解凍キー", "解凍パス",
)  # fmt: skip
"""A value may follow with `は`, a colon, a quote or a space."""

SHORT = ("パス", "ぱす", "pw", "pwd", "pass", "psk", "鍵は", "キーは", "wep", "wpa2", "wpa")
"""The same, but the word is also part of others."""

WIRELESS = frozenset(("wifi", "wi-fi", "無線lan"))
"""Beside these a secret shows by its signs or capitals: standards have digits too."""

LOGIN = (
    "wifi", "wi-fi", "無線lan", "vpn", "sftp", "ftp", "rdp", "アカウント", "ssid", "snmpv3", "psk", "wpa",
    "ログイン", "login", "サインイン", "認証情報", "basic認証", "ユーザ名",
    "ユーザー名", "username",
)  # fmt: skip
"""Beside these a made-up word is a secret, though none is named."""

KEYS = (
    "secret", "token", "api_key", "apikey", "api-key", "api key", "access_key", "accesskey", "access key",
    "account_key", "accountkey", "sharedaccesskey", "private_key", "client_secret", "auth_key",
    "encryption_key", "signing_key", "license_key", "otp", "totp", "seed", "credential", "rocommunity",
    "rwcommunity", "sessionid", "jsessionid", "phpsessid", "session_id", "connect.sid", "csrf", "cookie:",
    "set-cookie", "wpa_passphrase", "wpa-psk", "key-string", "key_b64", "master_key", "_key", "sig=", "hmac",
    "webhook", "authkey",
)  # fmt: skip
"""Names of settings: a value follows with `=` or a colon."""

CODE = (
    "暗証番号", "暗証", "pinコード", "pin番号", "pin code", "pin:", "pin ", "暗唱番号", "解錠番号",
    "開錠番号", "解除番号", "解錠コード", "解除コード", "電気錠", "電子錠", "テンキー", "キーボックス",
    "キーbox", "ダイヤル錠", "ダイヤルロック", "ダイヤル番号", "金庫", "入退室コード", "警備解除", "機械警備",
    "認証コード", "確認コード", "ワンタイム", "セキュリティコード", "otp", "one-time", "verification code",
    "door code", "keypad", "safe combination", "passcode", "南京錠", "anshou bangou", "ansho bango",
    "anshou_bangou", "アンショウ", "スマートロック", "ロック番号", "ロック解除",
)  # fmt: skip
"""Digits alone are the secret."""

TOKENS = (
    "akia", "asia", "aiza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxa-",
    "xoxp-", "xoxr-", "xoxs-", "xapp-", "sk-", "sk_", "rk_", "pk_live", "hf_", "npm_", "pypi-", "sg.",
    "ya29.", "eyj", "dop_v1_", "shpat_", "sq0", "hooks.slack.com", "webhook.office.com", "otpauth:",
    "age-secret-key-", "dapi", "nvapi-", "$6$", "$5$", "$1$", "$y$", "$2a$", "$2b$", "$2y$", "$argon2",
    "{ssha", "aad3b435b51404ee", "ts_live", "live_",
)  # fmt: skip
"""How tokens of known makers and hashes of passwords begin."""

GENERAL = (
    "とは", "書き方", "など", "べき", "推奨", "望まし", "ルール", "規則", "要件", "基準", "注意点", "研修",
    "一般", "違い", "仕組み", "なぜ", "定期", "使い回", "強度", "辞書", "best practice", "documentation",
)  # fmt: skip
"""Talk about secrets in general; a made-up word is a secret all the same."""

SAMPLE = (
    "例えば", "たとえば", "のような", "のように", "といった", "サンプル", "ダミー", "example", "dummy",
    "sample", "placeholder", "架空", "such as", "推測され", "ありがち",
)  # fmt: skip
"""A value that is no one's."""

ACCESS = (
    "暗号", "ログイン", "復号", "解凍", "usb", "ファイル", "共有", "認証", "入室", "pc", "端末", "ユーザ",
    "解錠", "開錠", "zip", "鍵", "login", "アカウント", "id",
)  # fmt: skip
"""What a watchword opens; without it a watchword is a slogan."""

DOORS = (
    "セコム", "アルソック", "secom", "alsok",
    "入口", "裏口", "通用口", "玄関", "扉", "ドア", "鍵", "出入口", "シャッター", "門", "書庫", "倉庫",
    "サーバ室", "サーバー室", "電算室", "ロッカー", "door", "gate", "ポスト", "entrance", "警備",
)  # fmt: skip
"""What opens by a number, where the sentence speaks of opening."""

COMMANDS = (
    "mysql", "mysqldump", "sqlplus", "sshpass", "curl", "net use", "smbclient", "ldapsearch", "ldapadd",
    "wget",
)  # fmt: skip

ROLES = (
    "lgwan", "個人番号利用", "業務系", "基幹系", "基幹業務", "庁内", "省内", "局内", "内部", "fw",
    "ファイアウォール", "管理", "サーバ", "sv", "server", "host", "db", "sw", "スイッチ", "vlan", "踏み台",
    "踏台", "bastion", "jump", "中間サーバ", "dc", "ad", "セグメント", "segment", "ルータ", "router", "保守",
    "vpn", "dmz", "ドメインコントローラ", "監視", "バックアップ", "nas", "端末", "ゲートウェイ", "gateway",
    "gw", "接続系", "住基", "税", "福祉", "プロキシ", "proxy", "許可", "permit", "deny", "開放", "allow",
    "acl", "ポート", "port", "ssh", "rdp", "snmp", "zabbix", "経路", "拠点", "本庁", "支所", "出先", "閉域",
    "経由", "レンジ", "nmap", "疎通", "tcp", "udp", "払い出し", "プリンタ", "複合機", "カメラ", "コンソール",
    "console", "ログイン", "login", "制御", "plc", "scada",
)  # fmt: skip
"""What a machine or a network is for: with an address it is a plan of the inside."""

HOME = (
    "家庭", "自宅", "一般", "教えて", "とは", "rfc", "例:", "例えば", "たとえば", "サブネット", "計算",
    "docker", "違い", "仕組み", "for example", "プライベートアドレス", "private address", "範囲", "クラスa",
    "クラスb", "クラスc", "教材", "演習", "研修", "初期設定", "デフォルト", "default",
)  # fmt: skip
"""Where addresses of the inside are talked about in general."""
