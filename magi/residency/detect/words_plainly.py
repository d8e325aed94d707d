"""How staff speak of the same subjects without their terms: what was seen, heard, said or done.

`words_sensitive` has the terms; tiers are the same. Tier 0 is a person's family or the paper that a case is kept
on, which says nothing about the subject but is only written where there is a case; tier -1 is anybody.
"""
# ruff: noqa: SIM905  # hundreds of words are read and compared as lines of words, not one a line

HEALTH_2 = tuple(
    "塗抹 ガフキー 排菌 igra qft 接触者健診 措置で 措置の 夜中に叫 叫ぶ 大声を出 再検査 精密検査 精検 "
    "影が 影があ がんの手術 がん手術 抗うつ剤 抗うつ薬 通い始め 通院先 "
    "通院で "
    "医師から 医師の意見 医師に 主治 自宅安静 安静 切迫早産 切迫流産 つわり 双子 妊活 不妊治療で "
    "不妊治療を 不妊治療に しびれ 腫れ 頭痛 腰痛 腹痛 めまい 動悸 吐き気 下痢 痛み 痛が 咳が 意識が 倒れ "
    "声が聞こえ 声が命令 声がする 幻が 独り言 支離滅裂 盗聴され 見張られ 狙われ 診断、 の診断 診断は "
    "診断で 入通院 肺に 心臓 肝臓 脳に 移植 点滴 輸血 食事が取れ 食欲 眠り 睡眠薬 不調 療養休暇 透析が "
    "感染した 感染し 同室 wisc 知能検査 発達検査 発達相談 心理検査 療育 ことばの教室 病弱 虚弱 病床 "
    "集中治療 人工肛門 ストーマ 尿もれ 失禁 おむつ 床ずれ 褥瘡 嚥下 誤嚥 むせ 脱水 低血糖 過労 過労死 "
    "長時間労働で 時間外が 燃え尽き 休みがち 朝起きられ 起き上がれ 涙が 涙を 涙で 薬を飲 薬の副作用 "
    "飲み忘れ 減薬 増薬 採血 検体 陽性だった 再発 ステージ4 グレード 神経内科 婦人科 産婦人科 泌尿器科 "
    "肛門科 皮膚科 整形外科 脳外科 救急車 救急外来 icu 面会謝絶 危篤 死因 死亡診断 検案 剖検 全治 重傷 "
    "軽傷 負傷 けが 怪我 骨を折 やけどを 溺れ 事故で 後遺 先天 遺伝性 保因 出生時 未熟児 逆子 帝王切開 "
    "入院先 転院 退院 通院 療養 がんを がん、 がん( 癌で うつっぽ うつらし 鬱 ワクチン 接種 尿から検出 "
    "血液から検出 検体から検出 "
    "視力低下 飛行停止 乗務停止 眠れな おなかをすか 検査で引っかか 引っかかっ 不妊 色覚 視力 聴力 味覚 "
    "嗅覚 湿疹 発疹 かゆ 傷口 縫合 抜糸 松葉杖 コルセット 人工関節 皮膚の 眠いと だるい 息切れ 息が 胸が "
    "脈が 血が 咳き込 吐いた 吐いて 意識を失 気を失 倒れた 過敏 拒薬 断薬 一部介助 診断待ち 骨髄 泥酔 "
    "注射器 パニックで 死んだら 休みたい 要観察 特記事項".split()
)
DISABILITY_2 = tuple(
    "目が合 単語が 発語が 指さし 言葉が遅 ことばが遅 視野が 聞こえない 聴こえない 聞こえにく 目が見えな "
    "見えない方 見えない人 見えないと 見えない子 右が見え "
    "左が見え 見えにく 目が見え 耳が聞 耳が遠 歩けない 歩けず 歩行が "
    "杖を 多動と 言葉の遅れ 席を立つ 立ち歩 奇声 パニックを起こ 介助 もの忘れ 道に迷 消し忘れ 通帳をなく "
    "鍵をなく 特養に デイサービス 訪問介護 ヘルパー 訪問看護 サービス担当者会議 グループホーム 作業所 "
    "就労b型 特例子会社 読み書きが 計算ができ 理解が難し 理解力 金銭管理 判断能力 車いす 補装具 白杖 "
    "盲導犬 要約筆記 補聴器 加配 通級 就園 就学先 就学判定 難聴 吃音 手が震え 片手 片足 両足 指を 半身 "
    "言語障害 不自由 障害者枠 障害のある息子 障害のある娘 手帳の再交付 耳が不自由 目が不自由 足が不自由".split()
)
CRIME_2 = tuple(
    "仮出所 出所は 出所が 受刑 刑務 任意の聴取 任意同行 聴取を受 の疑いで 疑いで 容疑で 容疑の 容疑が "
    "示談 金庫から 抜き取 盗み 免許は取消 免許取消 免許取り消 免停 飲酒検知 呼気 罪種 罪状 贖罪 しょく罪 "
    "夜遊び 深夜徘徊 対象少年 捜査対象 捜査中 捜索 家宅 差押許可 手錠 留置 接見 弁護人 公判 求刑 "
    "服していた 塀の中 懲役 反則 当て逃げ 運び屋 密輸 密売 不正アクセス 名義貸し 口座を売 偽造 "
    "なりすまし 不法就労 出頭 任意提出 参考人 目撃者 協力者 内偵 張り込み 尾行 監視対象 組員 半グレ "
    "暴力団 前の刑 矯正 作業報奨 反省文 処遇調査 生活環境調整 引受人 付添人 観護 調査官".split()
)
VICTIM_2 = tuple(
    "首をしめ 首を絞 物を投げ 隠れた 後をつけ つけ回 つけまわ 怖い 怖く 怖が 裸の 裸を 画像を送 送金 "
    "ネットで知り合 マッチングアプリ 住所を教え 居場所 追いかけ 追い回 脅し 脅さ 脅迫 肩を抱 抱きつ "
    "触った のぞき 盗聴 交際中 警察には言わ 誰にも言わ 言わないで 知らせないで 離れたい 別れ話 別れた "
    "復縁 生活費 金を渡さ 金を要求 たかられ 巻き上げ ゆすり 晒され さらされ 拡散され なりすまされ "
    "乗っ取られ だまさ 詐欺に 被害額 被害金 刺さ 襲わ 噛ま 突き落と ひかれ 拉致 連れ込 避妊 同意なく "
    "同意のない 酔わされ 薬を飲まさ 性的な 下着 警察に相談 警察へ相談 転居先 蹴った 叩かれ 殴って 縛られ "
    "縛った 縛って 騙され 騙し 轢かれ 逃げて 逃げた 逃げ込 私的なメール 交際を迫 体型を 刺すと 殺すと "
    "殺してやる 火をつけ 待っていた 押し倒 抱きしめ 手を握 ホテルに 写真を撮られ 尾けられ 見られてい "
    "覗かれ".split()
)
ABUSE_2 = tuple(
    "直接連れて 職権で 出てきてない 出てきていない 学校に出て 学校に来 縛った 縛って 手を縛 食事を抜 "
    "朝ごはん 朝食を お風呂 夜泣き 実母 実父 生みの母 別室登校 保健室登校 "
    "外され はずされ からかわ 子ども家庭 家庭児童相談 家庭相談 説明が変わ 二転三転 事故報告 留守番 "
    "締め出 家に入れ 迎えに来 登園 欠席が続 欠席 休みが続 傷が 傷跡 跡が 跡、 跡。 青あじ 内出血 泣く声 "
    "叫び声 夜間に一人 車内に 寝かせ つねら 正座 廊下に立 罵声 無理やり 介護疲れ 介護に疲れ 手を出 "
    "手が出 養育困難 出産した 妊娠 子を置い 子どもを置 若い母 若年 ステップファミリー 同居男性 内縁 "
    "親戚宅 祖父母宅 安否 応答なし 応答がな 会えて 会えない 学校を休 別居親 ショートステイ 一保 養育里親 "
    "自立援助 要保護 仲間はずれ 嫌がらせ 落書き 靴を隠 物を隠 悪口 陰口 震災で両親 両親を亡く 親を亡く "
    "遺児 孤児 死別 子どもが泣".split()
)
HARDSHIP_2 = tuple(
    "の稼ぎ 稼ぎを 停止で 廃止で 打切りで 保護を止め 保護を切 口座押さえ 口座を押さえ 給料を押さえ "
    "給料日 差し押え バイト代 支給停止 残金 供給停止 停水 閉栓 友人宅 知人宅 転々 "
    "追い出され 追い出さ 住まい確保 "
    "消費者金融 サラ金 家計相談 差し押さえ 差押え 執行停止 底をつ 払わず 払っていな 払えず 未払 支払えな "
    "支払が滞 家賃を 国保税を 年金だけ 食事は1日 炊き出し 保証人 滞り 現在地保護 医療券 収入申告 "
    "資産申告 保有を認 処分指導 稼働能力 就労指導 世帯分離 急迫 窮迫 生活費が 貯金が 預金が 預金は "
    "預貯金 借りて 借入 返済 返せない 貸付 学費が 進学をあきらめ 解雇 雇い止め 失業中 失業して 無職 失職 "
    "廃業 倒産 身寄り 引取り手 行旅 寝泊 野宿 橋の下 公園で寝 不納欠損 所得状況 課税状況 扶養照会".split()
)
WHISTLE_2 = tuple(
    "知らせてくれた 知らせてき 教えてくれた 教えてくれ 伏せたい 伏せて 伏せる 誰か分か 誰だか 誰なのか "
    "特定でき 特定につなが 推測でき 推測され 絞り込 絞った ホットライン 筆跡 送信時刻 資料を渡し "
    "漏らした リーク 内部の者 内部から 内部の人 手紙が 投書 記者に 疑われて 犯人捜し 犯人探し 報復 "
    "不利益取扱い 嫌がらせを受け 証言し 告げ口 打ち明け 声が上が 情報が寄せ 申し立てた 訴え出 名乗り出 名乗らず 匿名 "
    "秘匿 口外 私が言ったこと 言ったと 言わないでほし 露見 隠ぺい 隠蔽 隠し もみ消 偽装 ねつ造 捏造 "
    "私的流用 キックバック 癒着 口利き 名を伏せ 名前を伏せ 身元が分か バレ".split()
)
ORIGIN_2 = tuple(
    "戸籍を請求 戸籍を取 地区のこと 地区の人 家柄 先祖 里が 血を引 血筋 クルド ロヒンギャ ウイグル "
    "チベット ロマ 日本語の読み書き 日本語が 通訳つき 通訳付 帰国子女 外国籍で 通名 肌が 髪の色 訛り "
    "無戸籍 改姓".split()
)
BELIEF_2 = tuple(
    "脱けた 脱退 機関紙 書記長 団交 ストライキ 応援し 後援会 祈り お祈り 断食 信心 僧侶 牧師 神父 伝道 "
    "説法 献金 霊感 教祖 戒律 菜食 十字架 起立しな 思想的 支持者 活動歴 祈りの時間 祈る 礼拝の 宗派 "
    "信心深 葬儀に出る 洗礼 巡礼 修行 出家 お寺に 教会の".split()
)
SEXUALITY_2 = tuple(
    "同性と 同性の 戸籍は男 戸籍は女 性別 更衣室 トイレの利用 制服を 通称の使用 彼女がいる男 男が好き "
    "女が好き 女装 男装 性転換 身体は男 身体は女 心は男 心は女 性行為 性感 性交 トランスの 胸を見 体型 "
    "性的 ホステス".split()
)
REFUGEE_2 = tuple(
    "帰国すれば 帰れば 国に帰 入管 在留資格の取消 在留期限 出国命令 拘束され 逃れてき 兵役 家族が殺 難民 "
    "旅券を取り上げ".split()
)
SELF_HARM_2 = tuple(
    "遺書 橋の上 屋上 連絡がつかない 大量に飲 薬を大量 飛び込 傷つけ 切りつけ 包丁を 楽になり 消えてしま "
    "いなくなりた 生きる気力 終わりにした 未遂 検視".split()
)
ADDICTION_2 = tuple(
    "競輪 競馬 パチンコ スロット ネットカジノ 酒量 酒を 酒に 酒の 飲酒 酔って 酔った 断ギャンブル "
    "やめられな シンナー ガス吸引 市販薬 咳止め ホスト".split()
)
STAFF_2 = tuple(
    "評価がc 評価c 停職明け 量定 服務 叱った 叱られ 立たせ 聞き取り票 事実認定 事実確認 配転 左遷 干され "
    "居場所がな 勤務態度 居眠り ミスが ミスを 仕事が遅 ついていけ 注意を受け 再三 退職願 辞めたい 辞表 "
    "試用期間 本採用 昇任 内申 家庭の事情 交際相手 飲み会 懲戒 諭旨 訓告 厳重注意 被申立 行為者 遅刻が "
    "遅刻も 遅刻し 欠勤し 欠勤が 口頭注意 経緯書".split()
)
BIOMETRIC_2 = tuple(
    "指の跡 毛髪 唾液 口腔内 だ液 血痕 身体特徴 入れ墨 刺青 ほくろ 傷あと 防犯カメラの映像".split()
)
FAMILY_2 = tuple(
    "元の夫 元の妻 元夫 元妻 前妻 前夫 親子鑑定 父ではない 生まれた子 父の欄 子に会わせ 会わせろ 隠し子 "
    "実の子 引取り 死後 浮気 仲が悪 家を出 家出 子の父 認めない 絶縁 疎遠 音信 勘当 介護を押し 親族間 "
    "縁を切 扶養を拒 子の引 子どもの引".split()
)
CASE_0 = tuple(
    "相談票 応対票 対応票 受付票 聞き取り票 聞取書 聴取書 聴取 面談メモ 面談記録 面談シート 面談の "
    "面談で 面談、 面接の 面接で 面接記録 調査票 連絡票 上申書 経過記録 ケース記録 訪問記録 相談記録 "
    "応募者 採否案 採否会議 申述書 陳述 夫が 夫は 夫に 夫の 夫から 夫と 妻が 妻は 妻に 妻の 妻から 妻と 母が 母は "
    "母に 母の 母から 父が 父は 父に 父の 父から 母親 父親 娘が 娘は 娘の 娘に 息子が 息子は 息子の "
    "息子に 長男 長女 次男 次女 二男 二女 三男 兄が 兄は 弟が 弟は 姉が 姉は 妹が 妹は 祖母が 祖母は "
    "祖父が 祖父は 叔父 叔母 伯父 伯母 旦那 嫁が 姑 義父 義母 本人は 本人が 本人に 本人の 本人から "
    "本人、 相談者 申出人 例の職員 あの職員 この職員 当該職員 担任から 民生委員から 近隣から 大家から "
    "病院から 学校から 警察から 検察から 施設から 保育所から 保育園から 別の職員から".split()
)
CASE_BELOW = tuple(
    "係員 係長 主査 主任 主事 課長 部長 室長 局長 班長 補佐 職員 教諭 隊員 男性 女性 少年 少女 男児 女児 "
    "収容者 入所者 受給者 被疑者 利用者 入居者 生徒 児童 研修生 候補生 実習生 契約社員 嘱託 派遣 部下 "
    "上司 同僚 新人 後輩 運転手 調理員 警備員 看護師 保育士 住人 隣人 高齢者 老人 青年 若者 園児 男の子 "
    "女の子 夫婦 親子 兄弟 姉妹".split()
)
ENGLISH_2 = tuple(
    "wheelchair|insulin|hitting|hit her|hit him|hits her|sleeping in her car|sleeping in his car|"
    "homeless|afraid to|is afraid|fired after|was fired|joining a union|union member|unpaid wages|"
    "detainee|detained|stopped eating|hurt himself|hurt herself|kill himself|kill herself|hears voices|"
    "voices tell|disclosed|rehab|sober|drunk|drinks|drinking|seizure|seizures|panic attack|panic attacks|"
    "burnout|allergic|immigration|overstay|overstayed|deported|prays|prayer|converted|church|"
    "party member|protest|protests|beaten|beat her|bruise|bruises|gambling|bribe|leaked|anonymous tip|"
    "anonymous|complaint against|caught stealing|stole|shoplifting|drunk driving|jail|sentenced|"
    "charged with|indicted|stabbed|threatened|abused|scammed|defrauded|savings|affair|ex-husband|ex-wife|"
    "mental health|breakdown|therapist|doctor|illness|ill|sick|injured|injury|blood test|biopsy|"
    "transplant|heart attack|wife|husband|mother|father|her son|her daughter|his son|his daughter|groped|"
    "groping|leukemia|excused from|coming out|hearing loss|vision|allergy|anxiety|insomnia|trauma|"
    "sober living|inappropriately|unwanted|punched|slapped|choked|kicked|knife|fled|hiding|shelter|"
    "evicted|unemployed|laid off|broke|pills|has active|active tb|tb|locks him|locks her|his uncle|"
    "her uncle|stepfather|stepmother|told his teacher|told her teacher".split("|")
)

PLAIN_WORDS: dict[str, dict[int, tuple[str, ...]]] = {
    "sensitive.health": {2: HEALTH_2},
    "sensitive.disability": {2: DISABILITY_2},
    "sensitive.crime": {2: CRIME_2},
    "sensitive.victim": {2: VICTIM_2},
    "sensitive.abuse": {2: ABUSE_2},
    "sensitive.hardship": {2: HARDSHIP_2},
    "sensitive.whistleblower": {2: WHISTLE_2},
    "sensitive.origin": {2: ORIGIN_2},
    "sensitive.belief": {2: BELIEF_2},
    "sensitive.sexuality": {2: SEXUALITY_2},
    "sensitive.refugee": {2: REFUGEE_2},
    "sensitive.self_harm": {2: SELF_HARM_2},
    "sensitive.addiction": {2: ADDICTION_2},
    "sensitive.staff": {2: STAFF_2},
    "sensitive.biometric": {2: BIOMETRIC_2},
    "sensitive.family": {2: FAMILY_2},
    "sensitive.english": {2: ENGLISH_2},
    "sensitive.case": {0: CASE_0, -1: CASE_BELOW},
}
"""Rule id to tier words, be joined with those of `words_sensitive`."""
