"""Why a text counts as 要配慮個人情報, for each rule of `sensitive`: in Japanese and in English."""

WHY: dict[str, tuple[str, str]] = {
    "sensitive.health": (
        "個人の病歴、診療又は健診の結果に関する記述です。",
        "It speaks of a person's illness, treatment or medical examination.",
    ),
    "sensitive.disability": (
        "個人の障害、要介護の状態又は手帳の等級に関する記述です。",
        "It speaks of a person's disability, its grade, or need of care.",
    ),
    "sensitive.crime": (
        "個人の犯罪の経歴又は刑事手続に関する記述です。",
        "It speaks of a person's criminal history or a criminal procedure against them.",
    ),
    "sensitive.victim": (
        "個人が犯罪、暴力又は悪質商法の被害を受けた事案の記述です。",
        "It speaks of a person harmed by a crime, by violence or by fraud.",
    ),
    "sensitive.abuse": (
        "虐待、いじめ又は児童福祉の個別の事案に関する記述です。",
        "It speaks of one case of abuse, bullying or child protection.",
    ),
    "sensitive.hardship": (
        "個人の生活保護、困窮又は滞納に関する記述です。",
        "It speaks of a person's welfare benefits, poverty or arrears.",
    ),
    "sensitive.whistleblower": (
        "通報者又は情報提供者の特定につながる記述です。",
        "It may tell who a whistle-blower or informant is.",
    ),
    "sensitive.origin": (
        "個人の人種、民族、国籍又は社会的身分に関する記述です。",
        "It speaks of a person's race, people, nationality or social origin.",
    ),
    "sensitive.belief": (
        "個人の信仰、思想、政治活動又は労働組合に関する記述です。",
        "It speaks of a person's religion, convictions, politics or trade union.",
    ),
    "sensitive.sexuality": (
        "個人の性的指向又は性自認に関する記述です。",
        "It speaks of a person's sexual orientation or gender identity.",
    ),
    "sensitive.refugee": (
        "難民の申請、収容又は送還の個別の事案に関する記述です。",
        "It speaks of one person's asylum, detention or removal.",
    ),
    "sensitive.self_harm": (
        "個人の自殺又は自傷に関する記述です。",
        "It speaks of a person's suicide or self-harm.",
    ),
    "sensitive.addiction": (
        "個人の依存症に関する記述です。",
        "It speaks of a person's addiction.",
    ),
    "sensitive.staff": (
        "職員の休職、処分、評価又はハラスメントに関する記述です。",
        "It speaks of a staff member's leave, discipline, appraisal or harassment.",
    ),
    "sensitive.biometric": (
        "個人の指紋、DNA等の身体の特徴に関する記述です。",
        "It speaks of a person's fingerprints, DNA or other bodily features.",
    ),
    "sensitive.family": (
        "個人の離婚、親権、認知等の家庭の事情に関する記述です。",
        "It speaks of a person's divorce, custody, parentage or other family matters.",
    ),
    "sensitive.case": (
        "個人の家庭又は身上に関する個別の相談、面談等の記述です。",
        "It is a note of one person's private circumstances.",
    ),
    "sensitive.note": (
        "特定の個人について聞き取り、相談等をした記録とみられる記述です。",
        "It reads like a note on one particular person, whatever the subject.",
    ),
    "sensitive.english": (
        "個人の病歴、犯罪、被害等に関する英文の記述です。",
        "It speaks in English of a person's illness, crime, harm or other sensitive matter.",
    ),
}
"""Rule id to one sentence each for staff and auditors."""
