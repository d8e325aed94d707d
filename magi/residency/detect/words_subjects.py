"""Subjects of diplomacy, security, territory and contested history, and what is asked about them.

`DISPUTED` are subjects that are contested between states: a question about one raises unless it only looks
something up. `FIELDS` are fields of policy: they raise where a stance, a plan or an assessment is asked for.
"""

from magi.residency.detect.words import words

DISPUTED = {
    "territory": words(
        "尖閣 魚釣島 釣魚島 釣魚台 竹島問題 竹島の 竹島は 竹島に 竹島を 竹島、 独島 北方領土 北方四島 国後 "
        "択捉 歯舞 色丹 千島列島 領土問題 領有権 領海侵入 領海侵犯 領空侵犯 接続水域 排他的経済水域の境界 "
        "大陸棚の境界 東シナ海 南シナ海 九段線 スプラトリー 南沙 西沙 沖ノ鳥島 ガス田開発 中間線 実効支配 "
        "固有の領土 日ソ共同宣言 東京宣言 二島先行 四島一括 共同経済活動 北方墓参 防空識別圏 海警法 "
        "海警局 中国公船 中国海警 国有化 日本海呼称 東海呼称 二島返還 四島返還"
    ),
    "security": words(
        "台湾有事 台湾海峡 朝鮮半島有事 存立危機事態 重要影響事態 武力攻撃事態 集団的自衛権 敵基地攻撃 "
        "反撃能力 核共有 非核三原則 核武装 拡大抑止 核の傘 北朝鮮のミサイル 弾道ミサイル 日米地位協定 "
        "普天間 辺野古 在日米軍 米軍基地 思いやり予算 グレーゾーン事態 海上封鎖 先制攻撃 専守防衛 憲法9条 "
        "武器輸出 防衛装備移転 安保三文書 安保3文書 防衛三文書 防衛3文書 防衛増税 防衛費の増額 "
        "殺傷能力のある 殺傷兵器 スパイ防止法 自衛隊明記 オスプレイ 米軍基地 基地負担 邦人退避 "
        "防衛出動 存立危機 武力行使 核配備 軍拡 徴兵 南西諸島 先島諸島 シーレーン"
    ),
    "diplomacy": words(
        "拉致問題 拉致被害者 日中関係 日韓関係 日朝 日露関係 日ロ関係 日台関係 一つの中国 天安門 新疆 "
        "ウイグル チベット 香港国家安全 処理水 対中 対露 対ロ 対韓 対北朝鮮 対米 経済的威圧 戦狼 "
        "追加制裁 対抗措置 報復関税 相互関税 トランプ関税 レーダー照射 GSOMIA 輸出優遇 ホワイト国 "
        "水産物の輸入停止 水産物の禁輸 日本産水産物 捕鯨 一帯一路 人権侵害 人質外交 "
        "国交正常化 国交回復 国交樹立 断交 ペルソナ・ノン・グラータ ウクライナ侵略 ウクライナ侵攻 ガザ "
        "パレスチナ国家承認 国家承認 平和条約交渉 核兵器禁止条約 日米同盟"
    ),
    "history": words(
        "慰安婦 徴用工 強制連行 旧朝鮮半島出身労働者 強制労働 靖国 南京事件 南京大虐殺 歴史認識 歴史問題 "
        "河野談話 村山談話 安倍談話 731部隊 創氏改名 韓国併合 日韓併合 朝鮮人虐殺 沖縄戦の 集団自決 "
        "原爆投下の 従軍慰安 天皇の戦争責任 満州事変 盧溝橋 侵略の 大東亜 "
        "戦後70年談話 戦後80年 教科書問題 戦後補償 請求権協定 植民地支配 東京裁判 A級戦犯 "
        "佐渡金山 佐渡島の金山 軍艦島 少女像 旭日旗 慰霊碑撤去"
    ),
}  # fmt: skip

DISPUTED_ENGLISH = {
    "territory": (
        "northern territories", "south china sea", "east china sea", "territorial dispute",
        "sovereignty over", "territorial waters intrusion", "sea of japan naming",
        *words(
            "senkaku diaoyu takeshima dokdo liancourt kuril nine-dash okinotori"
        ),
    ),
    "security": (
        "taiwan contingency", "taiwan strait", "invasion of taiwan", "counterstrike capabilit",
        "collective self-defense", "collective self-defence", "extended deterrence", "nuclear umbrella",
        "nuclear sharing", "ballistic missile", "status of forces agreement", "us bases in japan",
        "u.s. bases in", "us forces in japan", "u.s. forces japan",
        *words(
            "futenma henoko survival-threatening"
        ),
    ),
    "diplomacy": (
        "abduction issue", "one china", "japan-china relations", "japan-korea relations",
        "japan-russia relations", "sino-japanese relations", "economic coercion", "treated water release",
        "us-japan alliance", "japan-us alliance", "u.s.-japan alliance",
        *words(
            "abductees one-china tiananmen xinjiang uyghur uighur tibet"
        ),
    ),
    "history": (
        "comfort women", "forced labor", "forced labour", "nanjing massacre", "nanking massacre",
        "wartime labor", "history issue", "murayama statement", "kono statement", "unit 731",
        *words(
            "yasukuni"
        ),
    ),
}  # fmt: skip

FIELDS = {
    "security": words(
        "安全保障政策 安全保障戦略 国家安全保障 安全保障環境 経済安全保障政策 経済安保政策 防衛政策 防衛力 "
        "防衛費 防衛予算 防衛戦略 防衛計画 自衛隊の海外 自衛隊の派遣 ミサイル防衛 抑止力 宇宙安全保障 "
        "サイバー安全保障 能動的サイバー防御 有事 国民保護 核抑止 日米防衛 QUAD クアッド AUKUS 弾薬備蓄 "
        "徴兵"
    ),
    "diplomacy": words(
        "外交方針 外交政策 外交戦略 外交青書 対外政策 対外発信 経済制裁 制裁措置 輸出規制 輸出管理の強化 "
        "外交カード 首脳外交 多国間外交 価値観外交 FOIP 自由で開かれたインド太平洋 国連安保理改革 "
        "安保理改革 同盟国 同志国 中国 韓国 北朝鮮 ロシア 台湾 米国との関係 米中"
    ),
    "territory": words(
        "領土 領海 領空 国境離島 海洋権益"
    ),
    "history": words(
        "戦争責任 侵略戦争 植民地 戦犯 賠償問題 終戦談話 戦後80年談話 歴史教科書"
    ),
}  # fmt: skip

FIELDS_ENGLISH = {
    "security": (
        "national security strategy", "defense policy", "defence policy", "defense spending",
        "defence spending", "security policy", "missile defense", "missile defence",
        *words(
            "deterrence"
        ),
    ),
    "diplomacy": (
        "foreign policy", "free and open indo-pacific", "north korea",
        *words(
            "sanctions china's russia's taiwan"
        ),
    ),
    "territory": (
        "territorial claim", "maritime claim",
    ),
    "history": (
        "war responsibility", "colonial rule", "war crimes",
    ),
}  # fmt: skip

STANCE = (
    "position on", "our position", "policy option", "strategy for", "respond to", "response to",
    "talking point", "pros and cons",
    *words(
        "should stance claim argue rebut assess recommend opinion justif scenario legitimate threat べき "
        "立場 主張 方針 対応を 対応策 対応は 対応に 対処 見解 是非 賛否 賛成 反対 反論 評価して 評価を "
        "どう考え どう思 どう見 どう評価 どう対応 どう説明 どうする どう応 戦略を 戦略の 戦略は 戦略案 "
        "論点 問題点 課題 シナリオ 想定 提案 提言 説明ぶり 今後 妥当 正当 必要性 必要か 強化 緩和す 抑止 "
        "影響 リスク 選択肢 政策案 進め方 あり方 在り方 分析 助言 意見 批判 支持 交渉 譲歩 どちらの "
        "どこの国 誰のもの 領土か 脅威 シミュレーション 見通し 予測 関係改善 働きかけ 発信 スピーチ 談話 "
        "論評 擁護 非難 抗議 声明 世論 説得 根拠を 論拠 日本の領土 解決 検討 方向性 メリット デメリット "
        "意義 緩める 緩め 再開する 条件を 得失を 効果の 効果は 効果を 手段 取りうる 取り得る 措置を "
        "打ち手 長所 短所 得失 損得 備え 狙い "
        "意図 妥協 撤廃 導入の 増額 引き上げ"
    ),
)  # fmt: skip
"""What asks for more than a look-up."""

LOOKUP = (
    "what year", "which year", "when did", "how many", "list the", "article ", "translate the title",
    "where is", "population of", "member states", "name of", "text of",
    *words(
        "条文 条の 条第 第1項 施行令 何条 何年 何か国 何カ国 何ヶ国 加盟国 署名国 締約国 年号 年表 組織 "
        "組織図 所掌 手続 手順 取り方 申請 届出 領事 旅券 パスポート 査証 ビザ 一覧 名称 正式名 目次 面積 "
        "人口 首都 地図記号 標高 島の数 距離 白書の 青書の 白書に 要約 とは 読み方 英語名 英訳 由来 公布 "
        "施行日 何月 何日 小説 映画 観光 料理 留学 姉妹都市 友好都市 生物 植物 鳥 天気 天候 降水 台風 気温 "
        "漢字 書き方 用語 何海里 海里ずつ 避難行動 避難方法 避難訓練 Jアラート jアラート 全国瞬時警報"
    ),
)  # fmt: skip
"""What only looks something up."""

OTHER_FIELDS = words(
    "少子化 出生率 電子政府 デジタル政府 デジタル化 教育 学校 子育て 保育 年金 介護 高齢化 医療 観光 文化 芸術 音楽 "
    "ドラマ 料理 スポーツ サッカー 語学 姉妹都市 ごみ 環境 気候 防災 交通 住宅 働き方 最低賃金 農業 上下水道 図書館 "
    "キャッシュレス 自動運転 スマートシティ 学習指導 大学 入試 博物館 絵画 建築 書道"
)
"""What states are compared in without any dispute between them."""
SHARP = words(
    "軍 安全保障 外交 制裁 領土 領海 領空 防衛 侵略 侵攻 有事 脅威 同盟 抑止 核 ミサイル 対抗 報復 "
    "経済的威圧 スパイ 工作 "
    "歴史 人権 亡命 関税 輸出規制 交渉 首脳"
)
"""What makes it one between states all the same."""

ELSEWHERE = words(
    "社会保障 食料安全保障 食糧安全保障 エネルギー安全保障 人間の安全保障 安全保障貿易管理 "
    "経済安全保障推進法 雇用保障 最低保障 外為法第 自衛隊法第 自衛隊法の条文 中国地方 中国銀行 中国自動車 "
    "中国電力 中国運輸 中国経済産業 中国財務 中国四国 北中国 中国語 中国料理 韓国語 韓国料理 ロシア語 "
    "台湾料理 台湾語 観光客 留学生 技能実習"
)
"""Other things that carry such a word."""

READINGS = {
    "territory": words(
        "センカク タケシマモンダイ タケシマハ ホッポウリョウド リョウカイシンニュウ リョウドモンダイ"
    ),
    "security": words(
        "タイワンユウジ ハンゲキノウリョク シュウダンテキジエイケン ザイニチベイグン"
    ),
    "diplomacy": words(
        "ラチモンダイ ニッチュウカンケイ ニッカンカンケイ"
    ),
    "history": words(
        "イアンフ チョウヨウコウ ヤスクニ レキシニンシキ"
    ),
}  # fmt: skip
