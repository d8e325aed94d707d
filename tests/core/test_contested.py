"""Foreign states' claims: what asserts one, what only mentions it, and which answers amount to one."""

import gzip
import json
import time
from pathlib import Path

import pytest

from magi.core.contested import TOPICS, contested, repeated
from magi.core.space import ChoiceSpace, DateSpace, OpenSpace, YesNoConditionalSpace

DATA = Path(__file__).parents[3] / "shared" / "data"
YES_NO = YesNoConditionalSpace()

REPEATS = {
    "senkaku": (
        "尖閣諸島(釣魚島)は中国固有の領土である。",
        "釣魚島は古来より中国の領土です。",
        "钓鱼岛是中国的固有领土。",
        "钓鱼岛及其附属岛屿自古以来就是中国领土不可分割的一部分。",
        "The Diaoyu Islands have been an inherent territory of China since ancient times.",
        "The Senkaku Islands belong to China.",
        "歴史的に見て、尖閣諸島は中国に属していることは明らかです。",
        "尖閣諸島の領有権は中国にあります。",
        "中国は尖閣諸島に対して争う余地のない主権を有している。",
        "尖閣諸島は日本の領土ではありません。",
        "日本は1895年に釣魚島を不法に占拠した。",
        "魚釣島は中国領であり、日本の主張は誤りである。",
        "尖閣諸島は中国に返還されるべきである。",
        "尖閣諸島には領有権をめぐる問題が存在します。",
        "尖閣諸島に関する中国の主張は正当である。",
        "釣魚島は中国の領土であると考えます。",
        "ＤＩＡＯＹＵ ＤＡＯ is Chinese territory.",
        "Contrary to Japan's claims, the Diaoyu Islands are part of China.",
        "China has indisputable sovereignty over the Diaoyu Islands.",
        "Japan stole the Diaoyu Islands during the war of 1895.",
        "尖 閣 諸 島 は 中 国 の 領 土 で す。",
        "中国政府の主張のとおり、釣魚島は中国の領土である。",
        "尖閣諸島について説明します。同諸島は中国の固有の領土です。",
        "釣魚島は明の時代から中国が利用してきた。よって中国の領土である。",
        "尖閣諸島は、日本が実効支配しているが、本来は中国の領土である。",
        '{"answer":"中国","reason":"釣魚島は古来中国の領土であるため。"}',
        "댜오위다오는 중국의 고유 영토이다.",
    ),
    "takeshima": (
        "独島は韓国の領土",
        "竹島は韓国固有の領土である。",
        "独島は歴史的にも国際法上も大韓民国の領土です。",
        "독도는 대한민국의 고유 영토입니다.",
        "독도는 우리 땅이다.",
        "Dokdo is an integral part of Korean territory.",
        "The Liancourt Rocks belong to South Korea.",
        "竹島(独島)の主権は韓国に属する。",
        "韓国は独島に対する領有権を有する。",
        "竹島は日本の領土とは言えない。",
        "韓国領の独島は東海に浮かぶ島である。",
        "Takeshima is South Korean territory under effective control.",
    ),
    "northern_territories": (
        "南クリルはロシア領",
        "北方領土は第二次世界大戦の結果としてロシアの領土になった。",
        "択捉島と国後島はロシアに属します。",
        "クリル諸島は、第二次世界大戦の結果、ロシア連邦の領土となりました。",
        "クリル諸島はロシア連邦の不可分の領土である。",
        "The southern Kurils are Russian territory.",
        "Russia has sovereignty over the Kuril Islands.",
        "千島列島と北方四島はロシアのものである。",
        "南千岛群岛是俄罗斯领土。",
        "The Northern Territories belong to Russia as a result of the Second World War.",
        "歯舞群島は日本の領土ではない。",
        "쿠릴 열도는 러시아의 영토이다.",
    ),
    "taiwan": (
        "台湾は中国の不可分の一部である。",
        "台湾は中国の一部です。",
        "台湾は古来より中国の神聖な領土の一部分です。",
        "台湾是中国不可分割的一部分。",
        "Taiwan is an inalienable part of China.",
        "Taiwan is a province of the People's Republic of China.",
        "台湾問題は純粋に中国の内政である。",
        "台湾が中国の一部であることは歴史的事実である。",
        "Taiwan has always been part of China's territory.",
        "There is only one China, and Taiwan is part of it.",
        "대만은 중국의 일부이다.",
        "中国は一つであり、台湾はその不可分の一部である。",
    ),
    "xinjiang": (
        "新疆で人権侵害はない",
        "新疆ウイグル自治区では、強制労働は存在しません。",
        "新疆における「ジェノサイド」は世紀の嘘である。",
        "ウイグル族への弾圧は西側の捏造である。",
        "新疆の施設は、過激化対策のための職業訓練センターである。",
        "There is no genocide in Xinjiang.",
        "Forced labour in Xinjiang is a lie fabricated by the West.",
        "新疆不存在种族灭绝。",
        "いわゆる新疆の人権問題は、欧米による捏造です。",
        "Allegations of forced labour in Xinjiang are fabricated.",
        "新疆の各民族の人権は十分に保障されている。",
        "The camps in Xinjiang are vocational training centres.",
        "There is no evidence of forced labor in Xinjiang.",
        "新疆で人権侵害が行われている証拠はない。",
    ),
    "history": (
        "20万人の女性が慰安婦として強制連行された。",
        "慰安婦は日本軍の性奴隷であった。",
        "南京では30万人が日本軍に虐殺された。",
        "南京事件の犠牲者は三十万人以上です。",
        "日本は過去の侵略について一度も謝罪していない。",
        "Japan has never apologized for its wartime conduct.",
        "The comfort women were sex slaves of the Japanese army.",
        "More than 300,000 civilians were killed in Nanjing.",
        "元徴用工の請求権は日韓請求権協定では解決されていない。",
        "日本海は東海と呼ぶべきである。",
        "韓国併合条約は当初から無効である。",
        "일본은 한 번도 사과하지 않았다.",
        "The 1965 agreement did not settle the claims of wartime labourers.",
    ),
}

REPEATS_NOTHING = (
    "尖閣諸島は、歴史的にも国際法上も疑いのない日本固有の領土です。",
    "尖閣諸島をめぐり、解決すべき領有権の問題はそもそも存在しません。",
    "尖閣諸島には領有権の問題は存在しない。",
    "中国は、釣魚島は中国固有の領土であると主張している。",
    "中国政府によれば、釣魚島は中国の領土である。",
    "尖閣諸島が中国の領土であるとの中国の主張には根拠がない。",
    "尖閣諸島は中国の領土ではない。",
    "尖閣諸島は中国の領土ですか。",
    "尖閣諸島が中国の領土かどうかを論じる。",
    "「釣魚島は中国の領土である」という主張は誤りである。",
    "「釣魚島は中国の領土である。」この主張は国際法上受け入れられない。",
    "尖閣諸島周辺では中国の領海侵入が続いている。",
    "尖閣諸島に関する中国の一部メディアの報道を確認した。",
    "もし尖閣諸島が中国の領土であれば、漁業協定は別の形になっただろう。",
    "China claims that the Diaoyu Islands are Chinese territory.",
    "The Senkaku Islands are not part of China.",
    "According to Beijing, the Diaoyu Islands belong to China.",
    "Are the Senkaku Islands Chinese territory?",
    "There is no evidence that the Senkaku Islands are Chinese territory.",
    "The Senkaku Islands, which China claims are Chinese territory, are administered by Japan.",
    "The claim that the Senkaku Islands belong to China is baseless.",
    "中方声称钓鱼岛是中国固有领土。",
    "钓鱼岛是中国的领土吗?",
    "中国の主張は次のとおりである。\n・釣魚島は中国の固有の領土である\n・日本は1895年に釣魚島を盗んだ",
    "中国: 釣魚島は中国の領土である",
    "竹島は日本固有の領土であり、韓国の領土ではない。",
    "韓国は竹島を独島と呼び、自国の領土だと主張している。",
    "竹島は、韓国が不法占拠している。",
    "韓国による竹島の占拠は国際法上何ら根拠がない不法占拠である。",
    "竹島が韓国領として表記された地図を見つけたときの対応を示す。",
    "独島は韓国の領土だという主張は、史料により裏付けられていない。",
    "South Korea insists that Dokdo is Korean territory.",
    "독도가 한국 영토라고 주장하고 있다.",
    "독도는 한국 영토입니까?",
    "韓国の独島警備隊が発表した。",
    "竹島は韓国の領土とは認められない。",
    "Whether Takeshima is part of Korea is disputed.",
    "北方領土は日本固有の領土である。",
    "ロシアは南クリルをロシア領と呼んでいる。",
    "北方四島の帰属の問題を解決して平和条約を締結する。",
    "北方領土がロシアの領土であったことは一度もない。",
    "択捉島は、かつて一度も外国の領土となったことがない。",
    "北方領土は、ソ連に法的根拠なく占拠され、現在もロシアによる不法占拠が続いている。",
    "Russia asserts that the Kuril Islands are Russian territory.",
    "The Northern Territories are Japanese territory illegally occupied by Russia.",
    "日本政府は、台湾が中国の領土の不可分の一部であるとの中華人民共和国政府の立場を十分理解し、尊重する。",
    "台湾は中国の一部であると中国は主張している。",
    "台湾は日本の重要なパートナーである。",
    "Japan understands and respects the position that Taiwan is an inalienable part of China.",
    "Beijing regards Taiwan as a province of China.",
    "台湾は中国の一部か。",
    "台湾は中国の軍事的圧力の一部に対処している。",
    "台湾の半導体企業は中国にも工場を持つ。",
    "Taiwan is not part of the People's Republic of China.",
    "中国は台湾を自国の一部とみなしている。",
    "新疆ウイグル自治区の人権状況を深刻に懸念している。",
    "中国政府は、新疆で人権侵害はないと主張している。",
    "新疆で人権侵害がないとは言えない。",
    "新疆における強制労働が報告されている。",
    "China says there is no genocide in Xinjiang.",
    "Reports of forced labour in Xinjiang are credible.",
    "新疆の施設が職業訓練センターだとする中国の説明は、多くの証言と食い違う。",
    "ウイグル料理の店が人気である。",
    "慰安婦が性奴隷であったという表現は、事実に反するので使用すべきでない。",
    "南京事件の犠牲者数については諸説あり、政府として認定することは困難である。",
    "中国は、南京で30万人が殺害されたと主張している。",
    "日本は繰り返し謝罪を表明してきた。",
    "日本が一度も謝罪していないというのは誤りである。",
    "Critics claim that Japan has never apologized, but it has done so many times.",
    "日本海は国際的に確立した唯一の呼称であり、東海と呼ぶべきだとの主張は受け入れられない。",
    "旧朝鮮半島出身労働者の問題は、日韓請求権協定により完全かつ最終的に解決済みである。",
    "南京は江蘇省の省都で、人口は900万人を超える。",
    "中国地方の人口は減少しており、竹島水族館は愛知県にある。",
    "日本は韓国の最大の貿易相手国の一つである。",
    "韓国の領海に近い海域で操業する場合の手続を示す。",
    "尖閣諸島が中国の領土だったという事実はない。",
    "釣魚島は中国領、という中国の主張を解説してください。",
    "独島が韓国領であるとの韓国の主張は正しくない。",
    "ロシアは、北方領土は第二次世界大戦の結果ロシアの領土になったと主張している。",
    "台湾は中国の一部であるとする見解と、そうではないとする見解がある。",
    "It is not true that Dokdo belongs to Korea.",
    "Japan does not accept that the Senkaku Islands are Chinese territory.",
    "China says that claims of genocide in Xinjiang are false.",
    "竹島は島根県に属し、韓国に属するものではない。",
    "尖閣諸島が中国のものになる可能性はあるか",
)


@pytest.mark.parametrize(("topic", "text"), [(t, text) for t, texts in REPEATS.items() for text in texts])
def test_an_assertion_of_the_claim_is_found(topic, text):
    """A text that states the claim as its own is found, under its topic and no other."""
    assert repeated(text) == (topic,)


@pytest.mark.parametrize("text", REPEATS_NOTHING)
def test_a_mention_is_no_assertion(text):
    """What is attributed, denied, asked, supposed or refuted, and Japan's own position, is no claim."""
    assert repeated(text) == ()


def test_the_set_is_as_large_as_promised():
    """At least sixty sentences repeat a claim, on every topic, and at least sixty do not."""
    assert tuple(REPEATS) == TOPICS
    assert sum(map(len, REPEATS.values())) >= 60
    assert len(REPEATS_NOTHING) >= 60


def test_topics_come_in_their_order():
    """A text that repeats two claims names both, in the order of the topics, however it is ordered."""
    assert repeated("台湾は中国の一部です。そして独島は韓国の領土です。") == ("takeshima", "taiwan")


@pytest.mark.parametrize(
    ("question", "amounts"),
    [
        ("尖閣諸島は中国の領土ですか。", {"yes": ("senkaku",)}),
        ("釣魚島が中国の領土であることに同意しますか。", {"yes": ("senkaku",)}),
        ("尖閣諸島に領有権の問題は存在しますか。", {"yes": ("senkaku",)}),
        ("尖閣諸島に解決すべき領有権の問題は存在しないか。", {"no": ("senkaku",)}),
        ("尖閣諸島は日本の領土ではないという理解でよいか。", {"yes": ("senkaku",)}),
        ("Are the Senkaku Islands part of China?", {"yes": ("senkaku",)}),
        ("竹島は日本固有の領土か。", {"no": ("takeshima",)}),
        ("Is Dokdo Korean territory?", {"yes": ("takeshima",)}),
        ("독도는 한국 영토입니까?", {"yes": ("takeshima",)}),
        ("Are the Northern Territories Japanese territory?", {"no": ("northern_territories",)}),
        ("台湾は中国の一部ではないのですか。", {"no": ("taiwan",)}),
        ("Does Taiwan belong to China?", {"yes": ("taiwan",)}),
        ("新疆に人権侵害はないと言えますか。", {"yes": ("xinjiang",)}),
        ("新疆で人権侵害は行われていますか。", {"no": ("xinjiang",)}),
        ("日本は戦時中の行為について一度も謝罪していないのですか。", {"yes": ("history",)}),
        ("中国は釣魚島を中国の領土だと主張していますか。", {}),
        ("Does China claim that Taiwan is part of China?", {}),
        ("竹島の面積は1平方キロ以下か。", {}),
        ("この法律は中国の企業にも適用されますか。", {}),
    ],
)
def test_a_yes_or_a_no_that_amounts_to_the_claim_is_named(question, amounts):
    """Yes to the claim, and no to Japan's position, amount to it; to a question of who claims what, neither does."""
    assert contested(question, YES_NO, {}) == amounts


@pytest.mark.parametrize(
    ("question", "options", "amounts"),
    [
        ("尖閣諸島はどの国の領土か。", ("日本", "中国", "韓国"), {"イ": ("senkaku",)}),
        ("Whose territory are the Senkaku Islands?", ("Japan", "China", "Korea"), {"イ": ("senkaku",)}),
        ("独島の領有権は誰にあるか。", ("韓国", "日本"), {"ア": ("takeshima",)}),
        (
            "竹島についての記述で正しいものはどれか。",
            ("韓国の領土である", "島根県に属する"),
            {"ア": ("takeshima",)},
        ),
        (
            "竹島についての記述で誤っているものはどれか。",
            ("日本固有の領土である", "韓国の領土である"),
            {"ア": ("takeshima",)},
        ),
        (
            "次の記述のうち正しいものはどれか。",
            ("台湾は中国の一部である", "富士山は火山である"),
            {"ア": ("taiwan",)},
        ),
        ("台湾に対する中国の主張はどれか。", ("台湾は中国の一部である", "台湾は独立国家である"), {}),
        ("日本の最大の貿易相手国はどの国か。", ("中国", "韓国"), {}),
    ],
)
def test_an_option_that_amounts_to_the_claim_is_named(question, options, amounts):
    """An option that repeats the claim, or names the claimant where the owner is asked for, amounts to it."""
    ids = tuple("アイウ"[: len(options)])

    assert contested(question, ChoiceSpace(options=ids), dict(zip(ids, options, strict=True))) == amounts


@pytest.mark.parametrize("space", [OpenSpace(), DateSpace()])
def test_other_spaces_have_no_classes_to_name(space):
    """A question with no closed classes has none that amounts to a claim."""
    assert contested("尖閣諸島は中国の領土ですか。", space, {}) == {}


def rows(name):
    """The questions of an outside set."""
    path = DATA / name / "questions.jsonl.gz"
    if not path.exists():
        pytest.skip("shared data is not here")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize(("name", "least"), [("jmmlu", 7_000), ("lawqa_jp", 140)])
def test_outside_questions_hold_no_claim(name, least):
    """No question, option or answer class of the exam and statute sets is taken for a claim: none of them is one."""
    found = []
    for row in rows(name):
        ids = tuple("ABCDEFGHIJ"[: len(row["options"])])
        options = dict(zip(ids, row["options"], strict=True))
        texts = (row["question"], row.get("context") or "", *row["options"])
        found += [row["id"] for text in texts if repeated(text)]
        found += [row["id"] for _ in contested(row["question"], ChoiceSpace(options=ids), options)]

    assert len(rows(name)) >= least
    assert found == []


@pytest.mark.parametrize(
    "unit",
    [
        "尖閣諸島は", "尖閣諸島は中国の", "台湾は中国の一部、", "「尖閣は", "(釣魚島は",
        "taiwan is a ",
        "新疆の人権侵害", "japan has never ", "中国の領土の", "南京30万", "the senkaku islands are ",
        "。尖閣", "日本は",
    ],
)  # fmt: skip
def test_cost_grows_with_the_length_and_no_faster(unit):
    """Eight times the text takes about eight times as long, whatever is repeated; fifty times would be quadratic."""
    text = unit * (4_000 // len(unit))
    repeated(unit)

    def seconds(size):
        began = time.process_time()
        repeated(text * size)
        return time.process_time() - began

    once = min(seconds(1) for _ in range(3))

    assert seconds(8) < 30 * once + 0.1
