"""Words of 要配慮個人情報 and of the cases an office treats the same, by rule and by how much of a case they are.

Tier 3 already speaks of somebody's condition (通院中, 検挙され), tier 2 names what a case is about (統合失調症,
生活保護), tier 1 is only a hint (病院, 事件). No tier counts alone: `sensitive` weighs them with the words around.
Source: 個人情報保護法2条3項, 施行令2条, 施行規則5条 for the kinds; the words are those of files, mails and notes.
"""
# ruff: noqa: SIM905  # hundreds of words are read and compared as lines of words, not one a line

HEALTH_3 = tuple(
    "透析導入 視野が欠け 視野が半分 通院中 通院歴 通院して 通院を 服薬中 服薬あり 服薬を 服薬歴 "
    "服薬管理 内服中 投薬中 治療中 療養中 "
    "闘病 入院中 入院歴 入院し 入院とな 措置入院 医療保護入院 既往あり 既往歴 既往症 罹患 発症し "
    "受診拒否 受診を拒 受診せず 未受診 通院中断 治療中断 退院後 退院し 退院調整 余命 末期がん 末期の "
    "陽性と 陽性で 陽性だ が陽性 陽性判定 igm陽性 陽性者 要精密 要精検 要再検 要治療 診断され 診断を受 "
    "と診断 診断が出 診断書 診断名 病名 傷病名 カルテ 主治医 手術で 手術を 手術後 術後 人工透析 透析中 "
    "透析を 透析の 人工呼吸器 胃ろう たん吸引 在宅酸素 インスリン 流産 中絶 死産 妊娠中 妊娠し 妊娠が "
    "若年妊婦 望まない妊娠 発作 幻聴 幻覚 妄想 意識不明 重体 救急搬送 緊急搬送 抗がん剤 放射線治療 "
    "看取り 緩和ケア 転移が がんが見つか 病気休暇 病休 病気休職 後遺症が 通院同行 受診勧奨 受診同行 "
    "体調を崩 倒れて 病状が 病状は 容体 容態 心肺停止 寝込 眠れない 眠れず 過呼吸 吐血 麻痺 骨折 下血 "
    "嘔吐 発熱が 体外受精 不妊治療中 接触者 濃厚接触 服用して 服用中 休養を要 就業制限 夜勤不可 就業区分 "
    "就業措置 産業医面談 就労不可 高ストレス者 面接指導対象".split()
)
HEALTH_2 = tuple(
    "統合失調症 双極性障害 躁うつ うつ病 うつ状態 うつで うつ症状 うつ傾向 抑うつ 適応障害 パニック障害 "
    "強迫性障害 不安障害 解離性 ptsd 境界性 人格障害 パーソナリティ障害 精神疾患 精神障害 精神科 "
    "心療内科 メンタル不調 睡眠障害 不眠 眠剤 睡眠薬 抗うつ 安定剤 抗精神病薬 リチウム 摂食障害 拒食 "
    "過食 てんかん 認知症 アルツハイマー レビー小体 パーキンソン 側索硬化 als 難病 指定難病 潰瘍性大腸炎 "
    "クローン病 多発性硬化症 筋ジストロフィー 膠原病 リウマチ 白血病 悪性 腫瘍 胃がん 肺がん 乳がん "
    "大腸がん 子宮がん 肝がん 膵がん 膵臓がん 前立腺がん 小児がん 食道がん 甲状腺がん 血液のがん "
    "がんの治療 がん治療 がんで がんと がんが がん患者 癌 膵臓 肝炎 肝硬変 脂肪肝 糖尿病 高血圧 心筋梗塞 "
    "狭心症 心不全 心疾患 不整脈 ペースメーカー 脳梗塞 脳出血 脳卒中 くも膜下 腎不全 腎臓病 腎臓 肝機能 "
    "ヘルニア 緑内障 hiv エイズ aids 梅毒 クラミジア 淋病 性感染症 結核 麻しん 麻疹 はしか 風しん コロナ "
    "インフル 百日咳 o157 ノロウイルス 喘息 アトピー アレルギー エピペン アナフィラキシー 産後うつ "
    "更年期 月経 生理痛 健診結果 健康診断の結果 定期健診 定健 人間ドックの結果 検査値 検査結果 血圧 血糖 "
    "hba1c γ-gtp ggt bmi 肝数値 コレステロール 尿蛋白 尿たんぱく 心電図 所見 ストレスチェックの結果 "
    "血液検査 遺伝子検査 出生前診断 臓器移植 ワクチン後 副反応 予防接種健康被害 紹介状 処方 診療録 "
    "診療報酬明細 レセプト 医療的ケア 更生医療 育成医療 自立支援医療 小児慢性 傷病手当 medication "
    "脊髄損傷 椎間板 切断 失った 重症 持病 労災 公務災害 療養補償 傷病 身長 ステージ 臓器 敗血症 肺炎 "
    "喫煙 飲酒 ハンセン病 水俣病 アスベスト 石綿 じん肺 被爆 原爆症 b型肝炎 c型肝炎 新生児 早産 低体重 "
    "発達の遅れ ことばの遅れ".split()
)
HEALTH_1 = tuple(
    "病気 受診 通院 服薬 入院 療養 手術 治療 病院 診療 健診 体調 既往 感染 妊婦 妊娠 出産 主訴 症状 薬を "
    "クリニック 看護 訪問看護".split()
)
DISABILITY_3 = tuple(
    "精神1級 精神2級 精神3級 身体1級 身体2級 身体3級 身体4級 身体5級 身体6級 身障1級 身障2級 身障3級 "
    "身障4級 知的a 知的b 愛の手帳 みどりの手帳 手帳所持 手帳取得 "
    "手帳を取得 手帳を持 手帳の更新 手帳あり 物忘れ 同じ話を繰り返 徘徊 寝たきり "
    "全介助 半介助 全盲 介護拒否 サービス拒否 老老介護 認認介護 放課後デイ利用 補聴器を 人工内耳 "
    "意思疎通が困難 こだわりが強 多動 場面緘黙 言葉が出 落ち着きがな 筆談".split()
)
DISABILITY_2 = tuple(
    "就労継続 就労移行 就労定着 b型作業所 生活介護 療育手帳 身体障害者手帳 身障手帳 精神手帳 "
    "保健福祉手帳 障害者手帳 障害年金 障害基礎年金 "
    "障害厚生年金 障害等級 障害支援区分 障害程度 障害種別 障害名 知的障害 発達障害 学習障害 自閉症 "
    "自閉スペクトラム asd adhd ダウン症 高次脳機能障害 視覚障害 聴覚障害 難聴 失語 肢体不自由 内部障害 "
    "腎臓機能障害 心臓機能障害 片麻痺 下肢 上肢 義足 義手 車いす 車椅子 弱視 ろう者 特別支援学級 "
    "特別支援学校 特別支援教育 障害者雇用 介護度 要介護 要支援 主治医意見書 認定調査票 個別支援計画 "
    "サービス等利用計画 ケアプラン 成年後見 後見開始 被後見人 被保佐人 強度行動障害 医療的ケア児 "
    "個別避難計画 避難行動要支援者 口話 手話通訳 オストメイト".split()
)
DISABILITY_1 = tuple("障害 障がい 介護 手帳 等級 配慮事項 個別の配慮 ケアマネ 支援学級 独居 就学相談".split())
CRIME_3 = tuple(
    "前科 前歴 累犯 執行猶予中 執行猶予付 保護観察中 仮釈放 出所後 出所し 満期出所 刑務所から 刑務所に "
    "刑務所を 服役 受刑中 受刑歴 受刑者 勾留中 勾留され 逮捕され 逮捕歴 検挙され として検挙 で検挙 "
    "検挙歴 起訴され 不起訴 書類送検 送検され 略式命令 略式起訴 家裁送致 送致され 補導され 補導歴 少年院 "
    "鑑別所 取調べ 取り調べ 供述調書 供述 被疑者 被告人 容疑者 自首 余罪 罪名 断薬 更生保護施設 帰住先 "
    "有罪判決 実刑判決 で逮捕 を逮捕 が逮捕 現行犯 犯行 犯歴 非行歴 再逮捕 処分歴 刑期 身元引受 試験観察 "
    "特別調整 盗んだ 万引きで 万引きし 飲酒運転で 酒気帯びで 盗撮し 痴漢で 窃盗で 詐欺で 覚醒剤で 大麻を "
    "大麻で 警察に保護 指名手配".split()
)
CRIME_2 = tuple(
    "検挙 逮捕 起訴 勾留 保護観察 観察所 万引き 窃盗 詐欺 横領 恐喝 強盗 覚醒剤 覚せい剤 大麻 薬物 "
    "受け子 出し子 闇バイト 痴漢 盗撮 暴行 傷害 放火 殺人 飲酒運転 酒気帯び 非行 家庭裁判所 家裁 保護司 "
    "執行猶予 罰金刑 懲役 実刑 有罪 職務質問 暴力団員 反社 暴走族 補導 ひき逃げ 公然わいせつ 不法侵入 "
    "逃走 釈放 少年事件 触法 ぐ犯 犯罪経歴 適性評価 クリアランス 国選弁護 刑事事件 略取 児童買春 売春 "
    "賭博 交通違反 人身事故".split()
)
CRIME_1 = ("捜査", "警察", "犯罪", "事件", "罰金", "少年", "刑務所", "不審", "事情聴取")
VICTIM_3 = tuple(
    "殴られ 殴る 殴った なぐられ 叩かれ 叩いた 叩く たたかれ 蹴られ 蹴る 首を絞め 突きつけ 刃物で 刃物を "
    "包丁 脅され 脅迫され 襲われ 刺され 刺した 体を触 身体を触 触られ 抱きつか 待ち伏せ つきまとわれ "
    "つきまとい 付きまと 後をつけ 押しかけ 無言電話 gps 被害届 避難中 避難し 避難先 逃れて 逃げて 逃げ出 "
    "シェルター 夫の暴力 妻の暴力 前夫の 元夫 元妻 前夫 元交際相手 元彼 支援措置 閲覧制限 交付制限 秘匿 "
    "接近禁止 通り魔 面前dv 生活費を渡さ 怒鳴 暴言 暴力を振る 暴力をふる 暴力を受 だまし取 騙され "
    "だまされ 被害に遭 被害にあ 被害を受け 被害申告 被害相談 盗まれ リベンジポルノ 盗撮され 監禁 "
    "痴漢され 襲撃され 殺され 居場所を知られ 住所を知られ 居所を知ら 探し回 監視され スマホを取り上げ "
    "束縛 支配され 母子で避難 突き飛ば 髪をつか 投げつけ 避妊に協力 性的な写真 画像を送らされ 送金してし "
    "振り込んでし 契約してし 契約させられ 買わされ".split()
)
VICTIM_2 = tuple(
    "dv ストーカー 暴力 犯罪被害 被害者 遺族 性被害 性犯罪 性暴力 わいせつ 強姦 レイプ セクハラ被害 "
    "警告書 保護命令 配偶者からの 人身取引 性的虐待 交際相手 振り込め詐欺 オレオレ詐欺 還付金詐欺 "
    "ロマンス詐欺 投資詐欺 闇金 霊感商法 点検商法 訪問販売 定期購入 マルチ商法 デート商法 誹謗中傷 中傷 "
    "嫌がらせ 加害者 見舞金".split()
)
VICTIM_1 = ("被害", "避難", "脅迫", "住民票の写しを請求", "消費生活相談", "クーリング")
ABUSE_3 = tuple(
    "にあざ のあざ あざが あざを あざあり あざ、 あざ。 痣 やけど 火傷 たばこの跡 児相通告 通告書 "
    "通告あり 通告を受 通告メモ 虐待通告 虐待を受 虐待され 虐待の疑 虐待疑 虐待により 被虐待 一時保護中 "
    "一時保護し 一時保護とな 一時保護を検討 一時保護の判断 緊急一時保護 緊急度 いじめられ いじめを受 "
    "いじめの訴え 里子 入所措置 措置解除 措置延長 無戸籍 家出 育児放棄 ごみ屋敷 ゴミ屋敷 訪問拒否 "
    "年金を取り上げ 年金を使い込 食事を与え ご飯を食べ 食べていない 風呂に入って 入浴して 異臭 体重減少 "
    "痩せ やせ 冬でも半袖 同じ服 服が汚れ 受診させ 学校に行かせ 登校させ 放置し 置き去り 閉じ込め 泣き声 "
    "面会制限 要対協 要保護児童 特定妊婦 ケース会議 個別ケース 居所不明 仲間外れ 無視され からかわれ "
    "金銭を要求 閉じこもり ひきこもり 引きこもり 連絡が取れな 手を上げ 手をあげ 身体拘束 しつけと称 "
    "転んだ」 帰りたくない 家に帰 きょうだいの世話 弟の世話 妹の世話 不登校に 学校に来".split()
)
ABUSE_2 = tuple(
    "虐待 ネグレクト 児相 児童相談所 一時保護 里親 特別養子 養子縁組 養親 いじめ 重大事態 不登校 継父 "
    "継母 ヤングケアラー 児童養護施設 児童自立 母子生活支援 乳児院 社会的養護 要保護 見守り対象 "
    "支援対象児 家庭復帰 家庭引取 養護教諭 スクールカウンセラー 保護者対応 登校しぶり 孤独死 高齢者虐待 "
    "障害者虐待 施設内虐待 体罰 若年妊娠 生徒指導".split()
)
ABUSE_1 = tuple("家庭訪問 見守り 養育 育児 保護者 子育て 訪問記録 包括支援センター 支援会議".split())
HARDSHIP_3 = tuple(
    "生活保護を受 生活保護受給中 生活保護申請 生活保護廃止 保護受給 生保受給 生保の 受給中 受給世帯の "
    "申告漏れ 申告せず 収入未申告 未申告の 不正受給 返還決定 保護廃止 保護停止 保護開始 保護費 廃止検討 "
    "廃止決定 辞退届 停止検討 自己破産 借金 所持金 手持ち金 食費がな 食べるものがな 電気が止 ガスが止 "
    "水道が止 家賃滞納 滞納し 滞納額 滞納者 滞納が 滞納中 分納誓約 差押予告 差押え予告 給与差押 預金差押 "
    "車上生活 路上生活 ホームレス ネットカフェ 家賃が払え 税金が払え 払えない 失業し 解雇され 住まいを失 "
    "扶養照会 ケースワーカー 無年金 日払い 督促 催告 立ち退き 強制退去 退去通告 ハローワークに通 "
    "収入がな 無収入".split()
)
HARDSHIP_2 = tuple(
    "生活保護 生保 被保護 困窮 多重債務 債務整理 滞納 分納 差押 住宅扶助 生業扶助 医療扶助 生活扶助 "
    "教育扶助 葬祭扶助 63条返還 78条徴収 63条 78条 収入認定 資産調査 就学援助 児童扶養手当 母子世帯 "
    "父子世帯 ひとり親 母子家庭 父子家庭 住居確保給付金 緊急小口 総合支援資金 生活福祉資金 フードバンク "
    "給水停止 減免申請 非課税世帯 執行停止 無料低額宿泊 納付困難 家賃減免 破産".split()
)
HARDSHIP_1 = ("受給", "債務", "返還", "減免", "免除", "扶養", "家計", "未納")
WHISTLE_3 = tuple(
    "通報者は 通報者が 通報者の 通報者を 告発者 告発して 告発が 告発文 申告者は 申告者の 情報提供者 密告 "
    "匿名電話 匿名の手紙 匿名の電話 匿名の投書 匿名メール 投書が 訴えてき 通報してき 通報があっ 通報が入 "
    "通報を受 通報あり 通報内容 内通者 協力者の 目安箱に 誰が通報 通報したの 声を上げた 名前を出さない "
    "匿名を希望 匿名希望 匿名で 特定されない 特定されたくない 知られたくない 知られずに 伏せてほしい "
    "情報源 取材源 タレコミ たれ込み".split()
)
WHISTLE_2 = tuple(
    "内部通報 公益通報 通報者 内部告発 通報窓口 コンプライアンス窓口 ヘルプライン 通報 告発 カラ出張 "
    "空出張 架空請求 水増し 裏金 着服 官製談合 談合情報 データ改ざん 改ざん 書き換え 不正経理 不正請求 "
    "分割発注 随契 会食 情報漏えい 口止め 監査室への 申告".split()
)
ORIGIN_3 = tuple(
    "被差別部落か 部落の出身 同和地区か 同和地区の出身 出身かどうか 身元調査 肌の色 褐色の肌 在日韓国 "
    "在日朝鮮 在日コリアン 在日三世 在日2世 在日3世 アイヌの血 アイヌであること アイヌの家系 国籍を理由 "
    "外国ルーツ 外国にルーツ 帰化した 帰化前".split()
)
ORIGIN_2 = tuple(
    "同和 被差別部落 部落差別 部落 アイヌ 無国籍 国籍 少数民族 人種 民族 混血 ハーフの 出自 出身地 黒人 "
    "残留邦人 移民 ルーツ 門地 先住民".split()
)
BELIEF_2 = tuple(
    "宗教 信仰 信者 信徒 礼拝 祈祷 イスラム ムスリム モスク クリスチャン キリスト教 仏教徒 カトリック "
    "創価 エホバ 教団 教会に 統一教会 宗教2世 宗教二世 カルト 改宗 入信 脱会 布教 ハラール ハラル "
    "輸血拒否 輸血を拒 ラマダン 豚肉 ヒジャブ 党員 支持政党 支持する政党 反政府 デモに デモ参加 政治活動 "
    "政治的意見 労働組合 組合員 組合活動 労組 思想 信条 街宣 署名活動 活動家 左翼 右翼 過激派".split()
)
SEXUALITY_2 = tuple(
    "同性パートナー 同性の 同性愛 性的指向 性自認 性同一性 性別違和 トランスジェンダー トランス女性 "
    "トランス男性 lgbt ゲイ レズビアン バイセクシュアル バイセクシャル カミングアウト アウティング "
    "パートナーシップ宣誓 性別変更 戸籍上の性 戸籍の性 出生時の性 ホルモン治療 男性として 女性として "
    "性的少数 性分化疾患".split()
)
REFUGEE_2 = tuple(
    "難民認定 難民申請 難民 庇護 迫害 収容中 送還 仮放免 在留特別許可 不法滞在 不法残留 オーバーステイ "
    "拷問 退去強制 強制送還 母国 亡命 失踪 人身売買 補完的保護".split()
)
SELF_HARM_3 = tuple(
    "手首を切 リストカット リスカ 自傷 自殺未遂 自殺企図 自殺をほのめか 自殺したい 希死念慮 死にたい "
    "消えたい 飛び降り 多量服薬 大量服薬 過量服薬 オーバードーズ 首を吊 首つり 縊死 練炭 遺書 自死し "
    "自死の 昨年自死 自殺した 命を絶 入水 服毒 死んでしまいたい 生きていたくない".split()
)
SELF_HARM_2 = ("自殺", "自死", "od", "命の危険")
ADDICTION_3 = tuple(
    "断酒 酒浸り 飲酒して暴 酒を飲んで 朝から飲酒 パチンコに 課金 再使用 スリップ ギャンブルで".split()
)
ADDICTION_2 = tuple(
    "依存症 アルコール依存 薬物依存 ギャンブル ゲーム障害 アルコール性 アル中 薬物使用 市販薬乱用 "
    "飲酒問題 酒乱".split()
)
STAFF_3 = tuple(
    "休職中 休職し 休職に 休職と 休職2 休職3 休職期間 復職審査 復職可否 復職判定 復職支援 復職後 "
    "試し出勤 リハビリ出勤 停職 減給 戒告 懲戒免職 諭旨免職 懲戒処分とす 懲戒歴 分限免職 分限休職 降任 "
    "降格 パワハラ セクハラ マタハラ 叱責 人格否定 無断欠勤 欠勤が続 遅刻が 退職勧奨 被処分 処分量定 "
    "不適切な関係 勤務成績不良 c評価 d評価 評価が低 能力不足 問題行動 不祥事 職場で孤立 二股 不倫 私生活 "
    "情状 始末書 顛末書 精勤 復職".split()
)
STAFF_2 = tuple(
    "休職 懲戒 ハラスメント 人事評価 勤務評定 分限 配置転換 人間関係 育休 産休 ヒアリング対象 事情聴取 "
    "処分案 適格性".split()
)
BIOMETRIC_2 = tuple(
    "指紋 dna型 dna鑑定 dna 顔認証 顔特徴 顔画像 虹彩 静脈認証 声紋 歯型 掌紋 歩容 歯科所見 遺伝子".split()
)
FAMILY_3 = tuple(
    "離婚調停 離婚協議 離婚訴訟 離婚後 離婚し 離婚を 離婚届を 親権争い 親権を 親権は 認知を 認知して "
    "認知請求 認知調停 認知の訴え 胎児認知 養育費が 養育費を 面会交流を 婚外子 非嫡出子 出生届を出せ "
    "父親不明 父不明 嫡出否認 親子関係不存在 未婚で 未婚の母 別居中 別居し 夫婦仲 失踪宣告 行方不明 "
    "連れ子 子の引渡 連れ去 財産分与 相続争い 相続放棄".split()
)
FAMILY_2 = tuple(
    "離婚 調停 親権 面会交流 養育費 別居 内縁 遺産分割 成年後見人 里帰り 家庭不和 家庭内".split()
)
ENGLISH_3 = tuple(
    "was diagnosed|is diagnosed|been diagnosed|diagnosed with|tested positive|overdose|suicide attempt|"
    "attempted suicide|self-harm|hospitalised|hospitalized|was arrested|been arrested|arrested for|"
    "arrested on|conviction|convicted|released from prison|parolee|on parole|on probation|"
    "probation officer|criminal record|police certificate|was assaulted|was raped|her abuser|"
    "abusive husband|beaten by|beats her|fled her|fled from|women's shelter|restraining order|stalked|"
    "stalking her|receives welfare|on welfare|welfare recipient|public assistance since|asylum seeker|"
    "sought asylum|claims asylum|undocumented|tipped off|reported her|reported his|blew the whistle|"
    "whistleblower is|whistleblower was|whistleblower who|informant|came out as|wheelchair user|"
    "sick leave|on leave for|miscarriage|abortion|bruises|was suspended for|disciplinary action against|"
    "harassed by|sexually harassed|takes medication|on medication|takes lithium|undergoing|chemotherapy|"
    "dialysis|relapsed|bankrupt|in custody|was tortured|persecuted|placed in foster|taken into care".split(
        "|"
    )
)
ENGLISH_2 = tuple(
    "diagnosis|depression|schizophrenia|bipolar|dementia|cancer|tumour|tumor|hiv|pregnant|pregnancy|"
    "disability|autism|epilepsy|mental illness|psychiatric|psychiatrist|patient|addiction|alcoholic|"
    "methamphetamine|drug use|arrested|prison|inmate|probation|suspect|defendant|theft|domestic violence|"
    "sexual assault|sexual harassment|child abuse|abuse|neglect|victim|welfare|eviction|arrears|debt|"
    "whistleblower|whistle-blower|asylum|refugee|deportation|muslim|religion|religious|"
    "sexual orientation|transgender|gay|lesbian|suicide|suicidal|hospital|medication|lithium|divorce|"
    "custody|dna|fingerprint|foster|bullying|bullied|trade union|nationality|ethnicity|tuberculosis|"
    "diabetes|stroke|surgery|harassment|disciplinary|therapy|counselling|counseling|disabled|blind|deaf".split(
        "|"
    )
)
COLUMNS_3 = tuple(
    "診断名 病名 障害等級 障害種別 手帳等級 傷病名 既往歴 服薬 罪名 所見 diagnosis "
    "disease disability icd10 icd-10 byoumei byomei shindan techo shogai meds medication dx nyuin shobyo "
    "kiou hanzai".split()
)

RULE_WORDS: dict[str, dict[int, tuple[str, ...]]] = {
    "sensitive.health": {3: HEALTH_3, 2: HEALTH_2, 1: HEALTH_1},
    "sensitive.disability": {3: DISABILITY_3, 2: DISABILITY_2, 1: DISABILITY_1},
    "sensitive.crime": {3: CRIME_3, 2: CRIME_2, 1: CRIME_1},
    "sensitive.victim": {3: VICTIM_3, 2: VICTIM_2, 1: VICTIM_1},
    "sensitive.abuse": {3: ABUSE_3, 2: ABUSE_2, 1: ABUSE_1},
    "sensitive.hardship": {3: HARDSHIP_3, 2: HARDSHIP_2, 1: HARDSHIP_1},
    "sensitive.whistleblower": {3: WHISTLE_3, 2: WHISTLE_2},
    "sensitive.origin": {3: ORIGIN_3, 2: ORIGIN_2},
    "sensitive.belief": {2: BELIEF_2},
    "sensitive.sexuality": {2: SEXUALITY_2},
    "sensitive.refugee": {2: REFUGEE_2},
    "sensitive.self_harm": {3: SELF_HARM_3, 2: SELF_HARM_2},
    "sensitive.addiction": {3: ADDICTION_3, 2: ADDICTION_2},
    "sensitive.staff": {3: STAFF_3, 2: STAFF_2},
    "sensitive.biometric": {2: BIOMETRIC_2},
    "sensitive.family": {3: FAMILY_3, 2: FAMILY_2},
    "sensitive.english": {3: ENGLISH_3, 2: ENGLISH_2},
}
"""Rule id to tier words. The kana words are in `words_readings`, the table columns `COLUMNS_3`."""
