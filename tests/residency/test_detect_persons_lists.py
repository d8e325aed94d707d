"""Names of residents from abroad, in rosters and file names, and what is told in parts or spelt out."""

import pytest

from magi.residency.detect.build import shipped

DETECTORS = shipped()

FIRES = [
    ("person.name_in_kana", "グエン・ヴァン・トゥアンの技能実習計画の変更届", "グエン・ヴァン・トゥアン"),
    ("person.name_in_kana", "転校生 リー・ユーハン(小4)の日本語指導", "リー・ユーハン"),
    ("person.name_in_latin", "PHAM THI HOA 在留期間更新の案内", "PHAM THI HOA"),
    ("person.name_with_cue", "101 権藤、102 鴻巣 の鍵渡し", "鴻巣"),
    ("person.full_name", "給与明細_2026-04_土橋.pdf の保存先", "土橋"),
    ("person.full_name", "INSERT INTO t VALUES (1,'渡瀬','千鶴')", "渡瀬"),
    ("person.full_name", "- 受験番号 17 / 城ヶ崎 美帆\n- 評定B", "城ヶ崎 美帆"),
    ("person.name_with_cue", "滞 納 者  真 柴  弘 文  の 財 産", "真 柴"),
    ("person.unnamed", "防犯映像 小柄な男性 50代 自転車を持ち去り", "男性 50代"),
    ("contact.mobile", "TEL〇九〇/8473・21-56 台帳の表記に統一して", "8473"),
    ("contact.mobile", "携帯は〇七〇の三三二一の八八四五だそうです", "三三二一"),
    ("contact.telephone", "ゼロハチゼロ ノ ヨンゴーロクナナ ノ イチニーサンハチ へ", "ヨンゴー"),
    ("my_number.in_parts", "yon nana ichi zero ni kyuu san hachi go roku ichi san", "nana"),
    ("my_number.in_parts", '{"mn_a":"4710","mn_b":"2938","mn_c":"5613"}', "4710"),
    ("identifier.account", "ゆうちょ 14120-23456781 に還付", "14120"),
    ("credential.password", "A: wifiのパスは\nB: 前半が kumo-\nB: 後半 taka#61", "kumo"),
    ("credential.password", "パスワードは?\nKumo\n77#a", "Kumo"),
    ("credential.password", "zipのパスは日付+課名で 0601zeimu です", "0601zeimu"),
    ("credential.door_code", "サーバ室のテンキーは 4-0-7-7-# です", "4-0-7-7"),
]

PUBLIC = [
    ("person.name_in_kana", "ソーシャル・ネットワーキング・サービスの相談窓口"),
    ("person.name_in_kana", "グエン朝の歴史を簡単に"),
    ("person.name_with_cue", "10 東京、20 大阪 の気温"),
    ("person.full_name", "報告書_2026-04_総務.pdf の保存期間"),
    ("person.unnamed", "51歳の男性が来院した。最も可能性の高い診断は次のうちどれか?"),
    ("contact.mobile", "080-0000-0000 のような見本の表記"),
    ("contact.telephone", "ゼロから始めるプログラミング入門"),
    ("my_number.in_parts", "いち、に、さん、と数える歌"),
    ("my_number.beside_word", "輸入品の UPC 036000291452 が12桁で入りません"),
    ("credential.password", "パスワードの要件:\n- 12 文字以上\n- abc などの連続を避ける"),
    ("credential.password", "password policy check skipped, minlen=12 exit=0"),
    ("credential.password", "wifi: 802.11ax と 802.11ac の違い"),
    ("credential.password", "DB_PASSWORD=your_password_here と書く例"),
    ("person.name_with_cue", "【報道発表資料】港湾局計画課 課長 若宮(代表 03-5253-8111)"),
]


@pytest.mark.parametrize(("rule", "text", "covered"), FIRES)
def test_fires(rule: str, text: str, covered: str) -> None:
    """A rule fires on what an office pastes, and its span covers it."""
    hits = [hit for hit in DETECTORS.find(text) if hit.rule == rule]

    assert any(covered in text[hit.start : hit.end] for hit in hits)


@pytest.mark.parametrize(("rule", "text"), PUBLIC)
def test_stays_public(rule: str, text: str) -> None:
    """Near neighbours that nobody is named or no secret told in do not fire it."""
    assert rule not in {hit.rule for hit in DETECTORS.find(text)}
