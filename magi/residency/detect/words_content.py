"""Words that tell on their own that something is not out yet, by topic, in Japanese and English.

What each stands for is the rule of the same name in `content`. Leaves to others: what must stand near them to
count (`words_signs`), what takes their meaning away (`words_talk`).
"""

from magi.residency.detect.words import words

ALONE = {
    "content.budget": words(
        "内々示 復活要求 復活折衝 一次査定 二次査定 三次査定 査定で落 査定落ち 査定案 査定結果 査定方針 "
        "査定調書 要求額を増 予算内示 内示額 予算要求の本音 概算要求案 概算要求(案) 要求方針案 予算原案 "
        "予算案の内示 予算案の未 満額つき 大臣折衝 事務折衝 知事査定 市長査定 町長査定 部長査定 課長査定 "
        "財務省主計局との 主計官から 主計局から 主査から 切り込まれ 要求事項書 削減候補 廃止候補事業"
    ),
    "content.personnel": words(
        "発令前 内示前 異動内示 人事内示 人事案 異動案 人事の案 配置案 人事構想 未発令 昇任案 昇格案 後任案 "
        "後任候補 人事の内々 人事異動(案) 異動の内示 内示が出た 内示を受け 内示後 昇任候補 昇格候補 降任 "
        "勧奨退職の候補 人事評価案 勤務評定 懲戒案 処分量定 懲戒審査 分限審査 組織改編案 機構改革案 定員配置案 "
        "人事の素案 人事の腹案 次期次官 次期長官 次期局長 次期部長 次期課長 指定職候補 叙勲候補 褒章候補 "
        "表彰候補者 委員候補 委員の候補 人選 人事原案"
    ),
    "content.tender": words(
        "予定価格は 予定価格を 予定価格が 予定価格、 予定価格の案 設計金額は 最低制限価格は 最低制限は "
        "入札予定価格 予定価格調書 歩切り 最低制限価格調書 封緘 封入済 封をし 開札前 "
        "入札前 積算額 設計金額 "
        "設計額 落札見込 落札予想 応札予定 応札見込 応札者数 指名業者案 指名候補 技術点 評価点案 低入札調査 "
        "採点集計 採点結果 審査途中 審査中の提案 採点表 予算の上限は 見積徴取 仕様書案 選定案 随契理由 "
        "参考見積 公告前 公示前 官製談合"
    ),
    "content.unpublished": words(
        "出す見込み 出る見込み 突かれ 弱い点は 最終に残った 出た話を 会食での 未公表 公表前 発表前 公開前 "
        "公示予定の 解禁前 解禁日時 解禁まで 解禁は 情報解禁 エンバーゴ 公表するまで 公表まで 発表まで "
        "会見まで 公開まで 閣議決定前 閣議前 上程前 提出前 議決前 告示前 公布前 報告前 記者発表前 プレス前 "
        "発表待ち 公表待ち 公表予定 公表していない 公表しない 発表していない 公にしていない 公にしない "
        "表に出ていない 表に出せない 表に出さない 外に出せない 外に出さない 外に出てい 外へ出さ 外部に出さ "
        "外部に出せ 対外的に出 外には出 世に出てい 伏せる 伏せて 伏せた 伏せたまま ここだけの話 内々に 内々の "
        "内密 口外し 口外禁 口止め オフレコ 他言 内緒 非公表 非公開で 水面下 極秘に 極秘裏に進 記者に漏 "
        "マスコミに漏 報道に漏 漏れると困 漏れたら 知られたくない 知られると まだ言えない まだ公表 まだ発表 "
        "まだ公開 まだ出せ まだ出してい まだ表 まだ外 まだ内 まだ未 まだ非 まだ世に まだ知らせ まだ誰に "
        "まだ事務 解禁の 解禁分 解禁予定 解禁となる 時解禁 分解禁 分公表の 時公表の 公表時刻 発表時刻 公表の30分前 "
        "検討途中 途中のものにつき 外部への提供は 外部への配布は 外部提供は控 配布は控 共有は控 "
        "転送は控 取扱いに御注意 "
        "関係者以外への 部外への 対外的にはまだ 外部には説明してい 口頭のみ 未発表 未公開 未開示 "
        "未確定稿 内部限 公表は来週 公表は来月 公表は明 発表は来週 発表は来月 "
        "発表は明 公表は後日 発表は後日 発表は未定 公表は未定 来週公表 来週発表 来月公表 来月発表 明日公表 "
        "明日発表 明後日公表 明後日発表 公表日まで 事前公表不可 情報公開請求が来たら困 議会に説明する前 "
        "議会への報告前 議会説明前 議員への説明前 地元説明前 住民説明前 当事者に通知する前 本人通知前 本人に未 "
        "本人には未 通知前"
    ),
    "content.bill": words(
        "法案の素案 条例案の素案 改正案の素案 改正素案 法令協議 法制局審査中 法制局下審査 法制局との "
        "与党審査前 与党了承前 政調部会前 法案要綱の案 条文の素案 条文たたき台 罰則協議 各省協議中 省内協議中 "
        "意見公募前 パブコメ前 意見照会中 骨子の案 検討中の改正"
    ),
    "content.answers": words(
        "答弁案 答弁メモ 答弁資料 答弁方向 答弁骨子 想定問答 想定問 更問 更なる問 問取り 質問通告 答弁書案 "
        "質問趣旨 質問要旨 大臣レク 知事レク 市長レク 次官レク 局長レク 議員レク 逃げ答弁 逃げの答弁 国会想定 "
        "議会想定 一般質問の答弁 代表質問の答弁 QAの案 Q&Aを準備"
    ),
    "content.internal_talk": words(
        "対処方針 打合せメモ 打ち合わせメモ 打合せ記録 議事メモ 発言メモ 検討メモ 内部メモ 会談メモ 面談メモ "
        "協議メモ 聴取メモ 庁議メモ 庁議資料 幹部会メモ 幹部会議 幹部会の 局議メモ 課内打合せ 課内会議の "
        "課内検討 部内検討 部内会議 省内検討 庁内検討 内部検討 内部協議 内部議論 方針案 基本方針(案) 腹案 "
        "たたき台 素案 検討中の案 事務局案 事務レベル 意思決定前 意思形成過程 決裁前 未決裁 起案中 内部調整 "
        "大臣了解前 根回し 反対派対策 反対意見への答え方 落とす委員 会議の発言録 論点ペーパー 検討ペーパー "
        "事務方 引継ぎメモ 申し送り 申送り 首長の意向 知事の意向 市長の意向 大臣の意向 官邸の意向 忌憚のない "
        "率直な議論 省内の反対 庁内の反対 庁内で割れ 省内で割れ (省内) (庁内) (部内) (課内) (局内) (内部) "
        "(内部用) (内部検討用) (非公表) (未公表) (検討中) (協議中) (調整中) (公表前) (発表前) (会議限り) "
        "ドラフト第 再編案 統廃合案 廃止案 移転案 候補地案 候補地比較 候補地の比較 候補地は 料金改定案 "
        "値上げ案 値上げ幅 改定幅 受益者負担の案"
    ),
    "content.examination": words(
        "出題案 試験問題案 試験問題の案 問題原案 採点基準案 面接質問案 合格ライン案 合格者案 合否判定 "
        "論文の課題案 出題予定 作問 採用候補者名簿案 選考過程 選考の途中 査読中 採択候補 不採択 補欠候補 "
        "交付先候補 内定者"
    ),
    "content.company": words(
        "内々に聞い 内々に相談 非公式に聞い 非公式に打診 内々に打診 内々の打診 ヒアリングで打ち明け "
        "非公式に説明 非公式に伝え 非公式に言 非公式な話 非公式の話 内々に説明 内々の話 内々に伝え "
        "こっそり 打ち明けた "
        "耳打ち 基本合意へ 経営統合で 合併で合意 インサイダー 適時開示前 開示前 決算発表前 破産申立て前 "
        "民事再生を申し立てる 更生手続の準備 "
        "上場廃止の見込み 企業秘密 営業秘密 社外に出していない 秘密保持契約"
    ),
    "content.litigation": words(
        "和解案 和解額 和解方針 和解の上限 控訴しない方針 控訴の方針 応訴方針 訴訟方針 敗訴見込 勝訴見込 "
        "敗訴した場合 争点メモ 準備書面案 準備書面の案 用地交渉 買収単価 単価の上限 補償額の上限 補償単価 "
        "買収価格の上限 上限額は 示談額 賠償額の上限 評価額の上限 譲歩幅 地権者に示す"
    ),
    "content.negotiation": words(
        "落とし所 落としどころ おとしどころ レッドライン 交渉方針 交渉戦略 交渉ポジション 譲歩案 譲歩ライン "
        "譲歩の限度 譲歩してよい 譲歩して良い 譲歩する用意 譲歩の余地 最大譲歩 最終譲歩 最終ライン "
        "ボトムライン 妥協ライン 妥結ライン 死守 譲れない線 譲れる線 訓令 首席交渉官 首席代表 手の内 "
        "交渉カード 切り札 交渉団 代表団 発言要領 最初は高め 最初は低め 吹っかけ 呑める 飲める線 のめる "
        "呑んでよい のんでよい 飲んでよい まで譲 までは譲 譲ってよい 譲って良い 譲ってもよい 引き換えに認 "
        "見返りに 我が方の案 我が方の立場 我が方の提案 我が方は 我が方の 対処要領 先方の出方 先方には伏せ "
        "相手方に伏せ 相手国には 相手には見せ 相手に見せ 交渉期限 公電 極秘協議"
    ),
    "content.guarding": words(
        "警備計画 警備配置 警護計画 警護要領 警衛 警備要領 警備の穴 警備の手薄 警備が手薄 手薄な時間 "
        "無人になる時間 無人の時間 無人時間 夜間無人 夜間は無人 巡回なし 巡回の時刻 巡回時刻 巡回経路 "
        "巡回ルート 巡回の順路 巡回間隔 巡回の間隔 巡回表 警備員の配置 警備員は 死角 動線 車列 先導車 後衛 "
        "影武者 避難経路図 退避経路 宿泊先 宿舎割 宿舎は 立ち寄り先 来県時の 来訪時の行程 御来訪 行幸 要人来 "
        "要人の 要人警護 SPの SPは 身辺警護 警護対象者 立哨 動哨 検問 合言葉 暗証番号 解錠番号 マスターキー "
        "合鍵 鍵の保管 鍵の置き場 鍵は 施錠されてい 施錠が壊 施錠なし 無施錠 錠が壊 監視カメラの "
        "防犯カメラの死角 カメラの死角 カメラが故障 センサーが故障 センサー故障 侵入経路 警報が鳴らない 通用口 "
        "裏口 搬入口 外周警備 輸送経路 輸送ルート 現金輸送"
    ),
    "content.investigation": words(
        "内偵 捜査方針 捜査計画 捜査情報 捜査資料 捜査報告書 捜索予定 捜索差押 捜索先 一斉捜索 家宅捜索の "
        "ガサ入れ 強制捜査の 強制捜査に 強制調査の 強制調査に 着手日 着手予定 着手前 Xデー 張り込み 張込み "
        "尾行 行動確認 行確 情報提供者 協力者の運用 捜査協力者 潜入 おとり捜査 通信傍受 逮捕予定 逮捕状を請求 "
        "逮捕状請求 逮捕状の請求 令状請求 立件方針 立件見送り 立件の見込み 事情聴取の予定 任意聴取の予定 "
        "供述調書 嫌疑者 嫌疑法人 端緒情報 端緒は リニエンシーと 内定調査 容疑者宅 社長宅 検面調書 捜査本部"
    ),
    "content.inspection": words(
        "抜き打ち 抜打ち 無予告 無通告 予告なし 予告なく 事前通告なし 事前通知なし 立入予定 立入検査予定 "
        "立入検査の予定 立入検査計画案 立入先 検査先 検査予定先 調査予定先 臨検 査察 実地調査の対象 "
        "税務調査の選定 調査対象選定 選定理由 監査予定 監査先 監査方針 監査で突く 検査方針 重点調査先 "
        "着眼点リスト 差押予定 差押え予定 差押えの予定 一斉差押 処分方針 処分案 処分原案 処分を出す方向 "
        "処分する方向 命令を出す方向 勧告を出す方向 業務停止を出す 停止命令案 取消しの方向 取消処分案 聴聞前 "
        "弁明の機会の前"
    ),
    "content.vulnerability": words(
        "RCEがある RCEが 外部公開のまま 古い版の 旧版のまま 検証で確認 再現した 突破でき 突破された "
        "任意のコードを実行 改修は1 改修は2 改修は3 改修は4 改修は5 改修は6 "
        "改修は7 改修は8 改修は9 修正は1 修正は2 修正は3 修正は4 修正は5 修正は6 修正は7 修正は8 修正は9 "
        "未修正の 修正前の脆弱 未対策の脆弱 脆弱性診断結果 脆弱性診断の結果 脆弱性診断報告 "
        "ペネトレーションテストの結果 ペネトレの結果 ペンテスト結果 侵入テスト結果 パッチ未適用 "
        "パッチが当たって パッチを当てられ パッチ適用前 パッチは来 修正は来 改修は来 改修が来 改修まで "
        "改修予定は 修正予定は まだ塞 塞げてい 塞がってい 塞ぐ前 穴が残 穴があ 穴が開 インジェクションが残 "
        "脆弱性が残 認証なしで入 認証なしで見 認証を回避でき 認証が効いて 誰でも入れ 誰でも見られ "
        "誰でも閲覧でき 外から見え 外から入れ 外部から見え 外部から入れ 初期パスワードのまま "
        "既定のパスワードのまま 既定パスワードのまま デフォルトのパスワードのまま デフォルトパスワードのまま "
        "管理画面が外 管理画面が公開 ポートが開いたまま 開いたままに サポート切れのまま サポートが切れたまま "
        "侵入の起点 侵入された 侵入経路は 侵害の痕跡 攻撃を受けている"
    ),
    "content.defence": words(
        "部隊配置 部隊の配置 部隊の展開 部隊展開 展開時期 展開時刻 展開先 作戦計画 作戦構想 作戦名 出動計画 "
        "弾薬庫の 弾薬の備蓄 弾薬備蓄 弾薬の保有 稼働率は 可動率 可動数 行動海域 行動予定 哨戒計画 哨戒ルート "
        "警戒監視の空白 警戒監視レーダー 警戒監視の穴 監視の空白 覆域 探知距離 見えなくなる 暗号装置 暗号鍵 "
        "暗号書 通信周波数 識別信号 潜水艦の 護衛艦の行動 基地の外周 基地の警備 ミサイル部隊 地対艦 射程 "
        "配備計画 配備先 配備予定"
    ),
    "content.facility": words(
        "核物質防護 防護区域 防護本部 侵入検知 妨害破壊 核セキュリティ 防護計画 備蓄基地 備蓄倉庫の鍵 "
        "備蓄の保管場所 備蓄場所 備蓄は旧 備蓄庫の 取水口の 浄水場の鍵 浄水場の警備 毒物の保管 病原体の保管 "
        "火薬庫 代替庁舎 代替指令所 代替指揮所 予備指揮所 退避壕 地下司令"
    ),
}  # fmt: skip
"""Topic to what fires alone, unless it is only talked about."""

ENGLISH = {
    "content.negotiation": (
        "our red line", "our bottom line", "our fallback", "fallback position", "negotiating position",
        "negotiating mandate", "negotiating instructions", "instructions to the delegation",
        "instructions to our delegation", "may concede", "can concede", "prepared to concede",
        "willing to concede", "concede up to", "our final offer", "walk away", "we will accept",
        "we can accept", "do not reveal", "opening offer", "our ceiling", "hold firm on", "give way on",
        "talking points for our", "our opening position", "our negotiators", "our delegation can",
        "our side can", "we can go down to", "can go down to", "can go up to",
    ),
    "content.guarding": (
        "guard roster", "patrol schedule", "patrol route", "blind spot", "guards rotate", "night guard",
        "one guard", "two guards", "no guard", "door code", "unlocked at night", "security detail",
        "evacuation route for the minister", "arrival route", "camera is broken", "cameras are broken",
        "alarm is off", "has one guard", "does not lock", "not locked", "is unlocked", "left unlocked",
        "cannot be locked",
        *words(
            "motorcade unguarded"
        ),
    ),
    "content.investigation": (
        "under surveillance", "our informant", "confidential informant", "search warrant", "dawn raid",
        "planned raid", "before the arrest", "will be arrested", "raid on", "suspects do not know",
        *words(
            "undercover wiretap stakeout"
        ),
    ),
    "content.vulnerability": (
        "not yet patched", "not been patched", "still vulnerable", "fix is scheduled", "fix is due",
        "not fixed yet", "not yet fixed", "no patch until", "patch is scheduled", "remains exploitable",
        "default password still", "without authentication from",
        *words(
            "unpatched"
        ),
    ),
    "content.defence": (
        "troop deployment", "unit positions", "radar coverage", "radar gap", "ammunition stock",
        "submarine will", "patrol gap", "operational plan", "deployment time",
    ),
    "content.facility": (
        "stockpile location", "physical protection of nuclear", "vital area", "keys are kept",
    ),
    "content.unpublished": (
        "not yet public", "so it is not visible", "wants to drop", "decided to drop", "plans to drop", "keep it quiet",
        "quietly drop", "before we tell", "staff have not", "not told yet", "do not mention", "until we announce",
        "not public yet", "not yet announced", "not been announced",
        "before the announcement", "before publication", "before release", "before the press",
        "embargo until", "keep this between us", "off the record", "not to be disclosed",
        "do not share outside", "prior to publication", "ahead of the announcement",
        "ahead of publication", "to be announced next", "will be announced next", "must not leak",
        "nobody outside", "no one outside", "until then no", "have not been told", "not been informed",
        "has not been told", "nobody knows yet", "still confidential", "not yet disclosed",
        "until the cabinet", "before the cabinet decision", "not for the press", "will be released on",
        *words(
            "unannounced unpublished"
        ),
    ),
    "content.tender": (
        "ceiling price", "reserve price", "before bid opening", "before the bid opening", "bids open",
        "bid ceiling", "tender price estimate", "estimated contract price", "before the tender closes",
        "bidder a scored", "bid evaluation", "evaluation so far", "scores so far", "sealed bid of",
    ),
    "content.personnel": (
        "personnel reshuffle draft", "will be appointed as", "will replace", "will succeed",
        "draft transfers",
    ),
    "content.budget": (
        "draft budget request", "our budget request", "cut our request", "finance ministry cut",
    ),
    "content.inspection": (
        "unannounced inspection", "surprise inspection", "will be inspected", "suspension order will",
        "plan to suspend", "plans to suspend", "plans to revoke", "plan to revoke", "plans to inspect",
        "plan to inspect", "will revoke", "will be fined",
    ),
    "content.bill": (
        "draft bill", "draft amendment", "draft ordinance", "still being drafted",
        *words(
            "pre-cabinet"
        ),
    ),
    "content.answers": (
        "diet answer", "diet q&a", "anticipated questions", "draft reply to the diet",
    ),
    "content.internal_talk": (
        "internal memo", "internal discussion", "internal deliberation", "internal draft", "meeting memo",
        "draft position", "draft policy options",
    ),
    "content.company": (
        "told us in confidence", "in confidence", "confidentially told", "plans to merge",
        "will file for bankruptcy", "before earnings",
    ),
    "content.litigation": (
        "settlement ceiling", "settle for up to", "settlement position", "litigation strategy",
    ),
}  # fmt: skip
"""The same in English."""
