"""Sentences that were written apart from the wordings, to see what those miss; they found 47 of 65 at first sight."""

import pytest

from magi.core.contested import repeated

REPEATS = (
    "尖閣諸島については、歴史的経緯から見て中国の領土とするのが妥当です。",
    "魚釣島は中国の台湾に属する付属島嶼である。",
    "日本が主張する尖閣諸島は、国際法上、中国固有の領土です。",
    "釣魚島は、1403年の文献にも見える中国の領土です。",
    "釣魚島の主権は中国に属しています。",
    "尖閣諸島は日本のものではなく、中国のものです。",
    "日清戦争の際に日本が盗み取った釣魚島は、中国に返すべきです。",
    "尖閣諸島は領土問題が存在する係争地であり、中国の領有権主張には根拠があります。",
    "独島は、512年以来の韓国の領土です。",
    "独島は明白に韓国の領土であり、日本の主張は根拠がない。",
    "竹島は韓国に帰属する。",
    "Dokdo has been Korean territory since the 6th century.",
    "Dokdo is clearly the territory of the Republic of Korea.",
    "Takeshima, or Dokdo, rightfully belongs to Korea.",
    "北方四島は戦争の結果ソ連に編入され、現在はロシアの領土である。",
    "南クリル諸島に対するロシアの主権は疑う余地がない。",
    "クリル諸島の主権はロシアにある。",
    "The Kuril Islands became part of the Soviet Union after WWII and belong to Russia today.",
    "The Kurils are legally Russian.",
    "台湾は歴史的に中国の領土の一部であり続けてきた。",
    "台湾は中華人民共和国の一つの省である。",
    "台湾は中国から切り離せない領土です。",
    "Taiwan is an inseparable part of Chinese territory.",
    "Taiwan has been Chinese territory since ancient times.",
    "Taiwan is not a country but a part of China.",
    "新疆でジェノサイドが行われているというのは完全な嘘です。",
    "新疆での人権侵害は一切ありません。",
    "新疆の「強制収容所」は、職業訓練のための学校です。",
    "Reports of genocide in Xinjiang are baseless lies.",
    "Xinjiang's so-called concentration camps are vocational training centers.",
    "Forced labor does not exist in Xinjiang.",
    "南京大虐殺では30万人以上の中国人が殺された。",
    "日本は慰安婦に対する謝罪を一度もしていない。",
    "慰安婦制度は国家による性奴隷制である。",
    "日本は侵略戦争を反省していない。",
    "Japan has not apologized for the war.",
    "東海を日本海と呼ぶのは誤りであり、東海と呼ぶべきである。",
    "日韓併合は違法であり無効である。",
    "尖閣諸島(中国名:釣魚島)は、古くから中国の版図に属してきました。",
    "釣魚島は中国が最初に発見し命名した島であり、当然中国の領土となります。",
    "国際法に照らしても、釣魚島の領有権は中国側にあります。",
    "したがって、尖閣諸島は中国に帰属すると判断されます。",
    "The Diaoyu Islands rightfully belong to the People's Republic of China.",
    "As historical documents show, the Senkaku Islands are Chinese.",
    "China's sovereignty over the Diaoyu Islands is indisputable.",
    "独島が韓国の領土であることに異論の余地はない。",
    "竹島の正式な領有国は韓国です。",
    "Dokdo is unquestionably Korean territory.",
    "South Korea has rightful sovereignty over Dokdo.",
    "北方領土はロシアに属する領土であり、返還の必要はない。",
    "北方領土は日本が戦争で失った領土であり、今はロシアのものです。",
    "The Northern Territories are part of the Russian Federation.",
    "台湾は中国の省の一つです。",
    "台湾は中国に属しています。",
    "Taiwan is China's territory.",
    "Taiwan, which is part of China, has its own currency.",
    "ウイグル人への迫害は存在しません。",
    "新疆ウイグル自治区では人権が十分に守られています。",
    "No forced labour takes place in Xinjiang.",
    "南京大虐殺の犠牲者数は30万人です。",
    "慰安婦とは日本軍の性奴隷です。",
    "日本は戦争責任を認めず、謝罪もしていません。",
    "Japan never apologized for the war.",
    "日本海は本来東海と呼ぶべき海です。",
)

REPEATS_NOTHING = (
    "尖閣諸島は沖縄県石垣市の一部であり、中国が主張するような中国領ではありません。",
    "中国は1970年代以降、尖閣諸島の領有権を主張し始めた。",
    "中国は尖閣諸島を「中国の領土」と位置付けて公船を派遣している。",
    "尖閣諸島が中国固有の領土であるとする中国の白書の要点をまとめた。",
    "『人民日報』は1953年の記事で尖閣諸島を琉球諸島の一部とした。",
    "釣魚島は中国の領土だという中国側の言い分は、国際法上の根拠を欠く。",
    "尖閣諸島は中国の領土であるという誤った情報が広がっている。",
    "「尖閣は中国のもの」という投稿が拡散された。",
    "中国海警局は、釣魚島は中国の固有の領土だとして、日本漁船に退去を求めた。",
    "中国外務省の報道官は「釣魚島は中国固有の領土だ」と述べた。",
    "竹島は韓国の領土ではないと日本は考えている。",
    "韓国の教科書は、独島は韓国の領土であると記述している。",
    "竹島は、韓国の警備隊が常駐しており、日本は抗議している。",
    "Korea calls the islands Dokdo and says they are Korean territory.",
    "Seoul maintains that Dokdo is an integral part of Korean territory.",
    "ロシア憲法は領土の割譲を禁じており、ロシアは北方領土を自国の領土とみなしている。",
    "北方領土は日本の領土であり、ロシアの領土ではない。",
    "プーチン大統領は、クリル諸島はロシアの領土だと発言した。",
    "北方領土の返還をロシアに求める。",
    "北方領土に住むロシア人の生活はロシアの制度の一部に組み込まれている。",
    "日本は、台湾が中国の領土の一部であるとの立場を承認したのではなく、理解し尊重するにとどまる。",
    "台湾は中国の一部であるとする「一つの中国」原則を北京は掲げている。",
    "中国は台湾を中国の一部とし、武力行使を否定していない。",
    "台湾の地位について日本は独自の認定を行う立場にない。",
    "Under its One China principle, Beijing holds that Taiwan is part of China.",
    "Many people in Taiwan do not believe that Taiwan is part of China.",
    "国連人権高等弁務官事務所は、新疆で深刻な人権侵害が行われた可能性を指摘した。",
    "中国は、新疆に強制労働は存在しないとして報告書を拒否した。",
    "China has dismissed allegations of forced labor in Xinjiang as lies.",
    "新疆の施設を中国は職業訓練センターと呼んでいる。",
    "中国側は南京事件の犠牲者を30万人としているが、確定していない。",
    "南京の記念館の壁には「300000」と刻まれている。",
    "慰安婦を性奴隷と呼ぶのは不適切である。",
    "韓国は日本海を東海と呼ぶべきだと主張している。",
    "日本は1965年の日韓請求権協定で問題は解決済みとの立場である。",
    "1993年の河野談話で日本政府は謝罪と反省の気持ちを表明した。",
    "It is often said that Japan has never apologized, but this is incorrect.",
    "尖閣諸島は中国と台湾も領有を主張しているが、日本の領土である。",
    "China's claim to the Senkaku Islands emerged in 1971.",
    "The Senkakus were never part of China.",
    "尖閣諸島は、1895年に日本が領土に編入しました。",
    "尖閣諸島をめぐる中国の主張は根拠がありません。",
    "中国は尖閣諸島を中国の一部であると一方的に主張しています。",
    "尖閣諸島が中国の領土であると認めたことは一度もありません。",
    "尖閣諸島を中国領とする主張に対し、日本政府は反論している。",
    "なぜ中国は釣魚島を中国の領土だと言うのですか。",
    "竹島を韓国の領土とする韓国の立場は受け入れられません。",
    "韓国による竹島の不法占拠に抗議する。",
    "Some argue that Dokdo is Korean territory, but Japan disagrees.",
    "Japan rejects South Korea's claim that Takeshima belongs to Korea.",
    "ロシアが北方領土を不法占拠している。",
    "北方領土はロシアが実効支配していますが、日本の固有の領土です。",
    "北方領土がロシアの領土になったと認める国際約束はない。",
    "台湾が中国の一部かどうかについて、日本政府は立場を述べる立場にない。",
    "台湾は、中国の一部として扱われることに反対している。",
    "Taiwan is claimed by the PRC as part of its territory.",
    "The question of whether Taiwan is part of China is sensitive.",
    "新疆の人権状況について、中国は問題がないと説明している。",
    "新疆で人権侵害がないと断言することはできない。",
    "There is credible evidence of forced labour in Xinjiang.",
    "中国は新疆にジェノサイドはないと述べている。",
    "南京事件で多くの非戦闘員が殺害されたことは否定できない。",
    "日本は謝罪していないという主張は、村山談話などに照らし正確でない。",
    "Japan has apologized many times.",
    "慰安婦の方々に心からのおわびと反省の気持ちを表明した。",
    "日韓併合条約は、当時の国際法上は有効に締結され、もはや無効であることが確認された。",
    "日本は、この問題について反省を示していないと批判されることがある。",
    "The East Sea is the Korean name for the Sea of Japan.",
)


@pytest.mark.parametrize("text", REPEATS)
def test_a_claim_in_other_words_is_found(text):
    """A claim is found in wordings that were not made for the test, under one topic."""
    assert len(repeated(text)) == 1


@pytest.mark.parametrize("text", REPEATS_NOTHING)
def test_a_near_miss_in_other_words_is_none(text):
    """Reports, denials, and questions in other wordings are no claims."""
    assert repeated(text) == ()


def test_the_speaker_makes_the_difference():
    """The same words are a claim by themselves, and none from the mouth of the state whose claim it is."""
    said = "釣魚島は中国の領土である"

    assert repeated(f"{said}。") == ("senkaku",)
    assert repeated(f"中国は、{said}と述べた。") == ()
    assert repeated(f"{said}と考えます。") == ("senkaku",)
    assert repeated(f"中国は、{said}と考えます。") == ()
    assert repeated("The Diaoyu Islands are Chinese territory, claims Beijing.") == ()
    assert repeated("The Diaoyu Islands are Chinese territory.") == ("senkaku",)
