"""What `credentials` finds and what it leaves: values against talk, placeholders, public keys and addresses."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.residency.detect.credentials import CREDENTIALS
from magi.residency.detect.engine import Detectors
from magi.residency.label import Label


@pytest.fixture(scope="module")
def detectors() -> Detectors:
    """The detector alone."""
    return Detectors([CREDENTIALS])


DASHES = "-----"
AKIA = "AK" + "IAQ3ZT7WNB2LXC5DME"
SLACK = "xo" + "xb-481920573641-Rk3vWq8LmZ0sXnE1"
JWT = "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzdGFmZjAwMTIifQ.q7Zt0n3b8Yk2WmXc5Rv"

FIRES = [
    (
        "credential.private_key",
        f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\nMIICXAIBAAKBgQDm3vQ7xZ\n{DASHES}END RSA PRIVATE KEY{DASHES}",
        "MIICXAIB",
    ),
    ("credential.token", f"aws_access_key_id={AKIA}", AKIA),
    ("credential.token", f"通知用 {SLACK} の期限", "481920573641"),
    ("credential.token", f"Authorization: Bearer {JWT} で401", "eyJzdWIiOiJzdGFm"),
    ("credential.token", "root:$6$Zx8kL0pQ$4mNvB7yTqWcR2dFgHjKl:19700:0:::", "4mNvB7yTq"),
    ("credential.password", "新しいパスワードは「Kaede#2031haru」です", "Kaede#2031haru"),
    ("credential.password", "受付PCのパス、なつめぐ8841に変えました", "なつめぐ8841"),
    ("credential.password", "共有USBの合言葉は うみねこと灯台、引継書に書く", "うみねこと灯台"),
    ("credential.password", "postgres://toukei:Hy7mQp3zLw@db.example.jp:5432/x", "Hy7mQp3zLw"),
    ("credential.password", "mysql -u root -pHanabi2025 kaikei", "Hanabi2025"),
    ("credential.password", "来客用は admin/Nagisa#2209 で入れる", "Nagisa#2209"),
    ("credential.password", "VPN事前共有鍵 あさがお-773 の設定", "あさがお-773"),
    ("credential.key_value", '{"client_secret":"9fQ-rUv3Xk7LmN0bTz"}', "9fQ-rUv3Xk7LmN0bTz"),
    ("credential.key_value", "x-api-key: 7Hs9dKq2LmN4pQr8", "7Hs9dKq2LmN4pQr8"),
    (
        "credential.key_value",
        "BitLocker回復キー 123456-234567-345678-456789-567890-678901-789012-890123",
        "345678-456789",
    ),
    ("credential.door_code", "サーバ室の暗証番号 4471 を変更したい", "4471"),
    ("credential.door_code", "電気錠は#を押して 7 3 9 1、時間外も同じ", "7 3 9 1"),
    ("credential.door_code", "金庫のダイヤルは右に34、左に12", "右に34"),
    ("credential.network_plan", "庁内の住基サーバは10.20.30.40、税は10.20.30.41", "10.20.30.40"),
    ("credential.network_plan", "VLAN 10 は住基、VLAN 20 は税", "VLAN"),
]

STAYS = [
    f"{DASHES}BEGIN CERTIFICATE{DASHES}\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq\n{DASHES}END CERTIFICATE{DASHES}",
    f"{DASHES}BEGIN PRIVATE KEY{DASHES} で始まるファイルは何?",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOx3 公開鍵の登録",
    "AK" + "IAIOSFODNN7EXAMPLE は文書用の例",
    "Bearer トークンとは何か",
    "curl -H 'Authorization: Bearer $TOKEN' https://api.example.jp/",
    "Basic authentication と Digest の違い",
    "パスワードは12文字以上で英大文字を含めるべきか",
    "パスワードは「Abc#1234x」のような推測されやすいものを避ける",
    "パスワードは定期的に変更しなくてよい",
    "password = os.environ['DB_PASSWORD']",
    "DB_PASSWORD=\nDB_HOST=localhost",
    "password: ${DB_PASSWORD}",
    'password: "{{ vault_password }}"',
    "API_KEY=your_api_key_here と API_KEY=<ここに入れる>",
    "def login(user: str, password: str) -> bool:",
    '<input type="password" name="password" id="pw1" required>',
    "postgres://user:password@localhost:5432/db の形式",
    "今年の合言葉は 笑顔とあいさつ です。朝礼の挨拶",
    "暗証番号は4桁で設定してください",
    "暗証番号を3回間違えるとロックされる",
    "金庫の重さ120kgの床補強、設置費用 350000円",
    "パスポートの申請 2026年、定期券のパス 203",
    "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "UUID 550e8400-e29b-41d4-a716-446655440000 をtokenの列に",
    "max_tokens=4096, temperature=0.7",
    "家庭のルーター 192.168.0.1 にログインする一般的な方法",
    "192.0.2.10 のサーバと RFC 1918 の 10.0.0.0/8",
    "バージョン 10.15.7.1 のサーバ",
    "VLANとは。VLAN 1 をネイティブにしない理由",
    "Windows11のパスワードを忘れた。TLS1.2 と SHA-256 の違い",
]


@pytest.mark.parametrize(("rule", "text", "covered"), FIRES)
def test_fires_and_covers(detectors: Detectors, rule: str, text: str, covered: str) -> None:
    """A secret with its value fires its rule, and the span touches its characters in the text as it came."""
    spans = [text[hit.start : hit.end] for hit in detectors.find(text) if hit.rule == rule]

    assert any(covered in span or span in covered for span in spans)


def test_every_rule_is_tried() -> None:
    """No rule is without a text that fires it; each gives the label of a secret and says why in both languages."""
    assert {rule for rule, _, _ in FIRES} == {rule.id for rule in CREDENTIALS.rules}
    assert all(rule.label == Label.SECRET and rule.ja and rule.en for rule in CREDENTIALS.rules)


@pytest.mark.parametrize("text", STAYS)
def test_stays_public(detectors: Detectors, text: str) -> None:
    """Advice, placeholders, variables, public keys, checksums and addresses in general do not fire."""
    assert detectors.find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "ＩＤ：ｓｙｕｋｋｉｎ０３　パスワード：Ｙｕｋｉ＿８８０２！",
        "パ ス ワ ー ド : m i z u u m i - 4 4 9 1",
        "ﾊﾟｽﾜｰﾄﾞ ﾊ Asagiri-5520 ﾃﾞｽ",
        "pasuwaado wa hoshizora4482 desu",
        "passwd=%E3%82%82%E3%81%BF%E3%81%98%237741&next=1",
        "Authorization: Basic dW55b3UwMTpTYWt1cmEtMjIxOSE=",
        "61646d696e2f4e61676973612332323039 を文字に",
        "パス\u200bワード: Kaede\u200b#2031",
    ],
)
def test_odd_spellings(detectors: Detectors, text: str) -> None:
    """A password is found through width, spacing, invisible characters and encodings."""
    assert detectors.find(text) != ()


@given(
    st.text(
        alphabet=st.sampled_from("パスワード暗証番号鍵は:=「」『』\"' \n.,#0123abAB10.@/-$*<{admin"),
        max_size=120,
    )
)
@settings(max_examples=150, deadline=None)
def test_never_errs(text: str) -> None:
    """No text makes the detector fail: a failure would count every text as a secret."""
    assert not any(hit.rule.startswith("error.") for hit in _SHARED.find(text))


@pytest.mark.parametrize(
    "piece",
    [
        "パスワード",
        "パスワード((((",
        "pw=a1 ",
        "admin:",
        "://a:",
        "akia",
        "10.1.1.1 sv ",
        "ドア番号1 ",
        "secret  ",
        "vlan 1 住基",
        "@\"'",
    ],
)
def test_linear(piece: str) -> None:
    """Eight times the text costs far less than the sixty-four times that a quadratic rule would take."""
    small, large = (_seconds((piece * 16_000)[:size]) for size in (8_000, 64_000))

    assert large < 40 * small + 0.3


def _seconds(text: str) -> float:
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        _SHARED.find(text)
        best = min(best, time.process_time() - began)
    return best


_SHARED = Detectors([CREDENTIALS])
