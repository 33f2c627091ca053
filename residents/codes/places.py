"""Code lists of places: provinces (GB/T 2260 with the Xinjiang Corps, docs/codes.md#provinces) and nationalities (GB/T
2659)."""

from residents.codes.code_list import CodeList

# (code, name, short name)
_REVIEWING = (
    ("11", "北京市", "北京"),
    ("12", "天津市", "天津"),
    ("13", "河北省", "河北"),
    ("14", "山西省", "山西"),
    ("15", "内蒙古自治区", "内蒙古"),
    ("21", "辽宁省", "辽宁"),
    ("22", "吉林省", "吉林"),
    ("23", "黑龙江省", "黑龙江"),
    ("31", "上海市", "上海"),
    ("32", "江苏省", "江苏"),
    ("33", "浙江省", "浙江"),
    ("34", "安徽省", "安徽"),
    ("35", "福建省", "福建"),
    ("36", "江西省", "江西"),
    ("37", "山东省", "山东"),
    ("41", "河南省", "河南"),
    ("42", "湖北省", "湖北"),
    ("43", "湖南省", "湖南"),
    ("44", "广东省", "广东"),
    ("45", "广西壮族自治区", "广西"),
    ("46", "海南省", "海南"),
    ("50", "重庆市", "重庆"),
    ("51", "四川省", "四川"),
    ("52", "贵州省", "贵州"),
    ("53", "云南省", "云南"),
    ("54", "西藏自治区", "西藏"),
    ("61", "陕西省", "陕西"),
    ("62", "甘肃省", "甘肃"),
    ("63", "青海省", "青海"),
    ("64", "宁夏回族自治区", "宁夏"),
    ("65", "新疆维吾尔自治区", "新疆"),
    ("66", "新疆生产建设兵团", "新疆兵团"),
)
_ORIGIN_ONLY = (
    ("71", "台湾省", "台湾"),
    ("81", "香港特别行政区", "香港"),
    ("82", "澳门特别行政区", "澳门"),
)


def _list(title: str, rows: tuple[tuple[str, str, str], ...]) -> CodeList:
    short_names = {short: code for code, _, short in rows}
    six_digits = {f"{code}0000": code for code, _, _ in rows}
    return CodeList(
        title,
        {code: name for code, name, _ in rows},
        synonyms=short_names | six_digits | {"兵团": "66", "建设兵团": "66", "新疆建设兵团": "66"},
    )


# The 31 provinces and the Corps: the units that review (BR-22).
PROVINCE = _list("省级行政区划", _REVIEWING)
# Where a person may come from: also Taiwan, Hong Kong and Macao.
HUKOU_PROVINCE = _list("户口所在地省行政区划", _REVIEWING + _ORIGIN_ONLY)
PROVINCE_SHORT_NAMES: dict[str, str] = {code: short for code, _, short in _REVIEWING}

_NATIONALITIES = """
CHN中国 HKG中国香港 MAC中国澳门 TWN中国台湾 AFG阿富汗 ALA奥兰群岛 ALB阿尔巴尼亚 DZA阿尔及利亚 ASM美属萨摩亚
AND安道尔 AGO安哥拉 AIA安圭拉 ATA南极洲 ATG安提瓜和巴布达 ARG阿根廷 ARM亚美尼亚 ABW阿鲁巴 AUS澳大利亚
AUT奥地利 AZE阿塞拜疆 BHS巴哈马 BHR巴林 BGD孟加拉国 BRB巴巴多斯 BLR白俄罗斯 BEL比利时 BLZ伯利兹 BEN贝宁
BMU百慕大 BTN不丹 BOL玻利维亚 BES荷属加勒比区 BIH波斯尼亚和黑塞哥维那 BWA博茨瓦纳 BVT布韦岛 BRA巴西
IOT英属印度洋领地 BRN文莱 BGR保加利亚 BFA布基纳法索 BDI布隆迪 CPV佛得角 KHM柬埔寨 CMR喀麦隆 CAN加拿大
CYM开曼群岛 CAF中非 TCD乍得 CHL智利 CXR圣诞岛 CCK科科斯（基林）群岛 COL哥伦比亚 COM科摩罗 COG刚果（布）
COD刚果（金） COK库克群岛 CRI哥斯达黎加 CIV科特迪瓦 HRV克罗地亚 CUB古巴 CUW库拉索 CYP塞浦路斯 CZE捷克
DNK丹麦 DJI吉布提 DMA多米尼克 DOM多米尼加 ECU厄瓜多尔 EGY埃及 SLV萨尔瓦多 GNQ赤道几内亚 ERI厄立特里亚
EST爱沙尼亚 SWZ斯威士兰 ETH埃塞俄比亚 FLK福克兰群岛（马尔维纳斯） FRO法罗群岛 FJI斐济 FIN芬兰 FRA法国
GUF法属圭亚那 PYF法属波利尼西亚 ATF法属南部领地 GAB加蓬 GMB冈比亚 GEO格鲁吉亚 DEU德国 GHA加纳 GIB直布罗陀
GRC希腊 GRL格陵兰 GRD格林纳达 GLP瓜德罗普 GUM关岛 GTM危地马拉 GGY根西岛 GIN几内亚 GNB几内亚比绍 GUY圭亚那
HTI海地 HMD赫德岛和麦克唐纳岛 VAT梵蒂冈 HND洪都拉斯 HUN匈牙利 ISL冰岛 IND印度 IDN印度尼西亚 IRN伊朗
IRQ伊拉克 IRL爱尔兰 IMN马恩岛 ISR以色列 ITA意大利 JAM牙买加 JPN日本 JEY泽西岛 JOR约旦 KAZ哈萨克斯坦
KEN肯尼亚 KIR基里巴斯 PRK朝鲜 KOR韩国 KWT科威特 KGZ吉尔吉斯斯坦 LAO老挝 LVA拉脱维亚 LBN黎巴嫩 LSO莱索托
LBR利比里亚 LBY利比亚 LIE列支敦士登 LTU立陶宛 LUX卢森堡 MKD北马其顿 MDG马达加斯加 MWI马拉维 MYS马来西亚
MDV马尔代夫 MLI马里 MLT马耳他 MHL马绍尔群岛 MTQ马提尼克 MRT毛里塔尼亚 MUS毛里求斯 MYT马约特 MEX墨西哥
FSM密克罗尼西亚联邦 MDA摩尔多瓦 MCO摩纳哥 MNG蒙古 MNE黑山 MSR蒙特塞拉特 MAR摩洛哥 MOZ莫桑比克 MMR缅甸
NAM纳米比亚 NRU瑙鲁 NPL尼泊尔 NLD荷兰 NCL新喀里多尼亚 NZL新西兰 NIC尼加拉瓜 NER尼日尔 NGA尼日利亚 NIU纽埃
NFK诺福克岛 MNP北马里亚纳群岛 NOR挪威 OMN阿曼 PAK巴基斯坦 PLW帕劳 PSE巴勒斯坦 PAN巴拿马 PNG巴布亚新几内亚
PRY巴拉圭 PER秘鲁 PHL菲律宾 PCN皮特凯恩 POL波兰 PRT葡萄牙 PRI波多黎各 QAT卡塔尔 REU留尼汪 ROU罗马尼亚
RUS俄罗斯 RWA卢旺达 BLM圣巴泰勒米 SHN圣赫勒拿 KNA圣基茨和尼维斯 LCA圣卢西亚 MAF法属圣马丁
SPM圣皮埃尔和密克隆 VCT圣文森特和格林纳丁斯 WSM萨摩亚 SMR圣马力诺 STP圣多美和普林西比 SAU沙特阿拉伯
SEN塞内加尔 SRB塞尔维亚 SYC塞舌尔 SLE塞拉利昂 SGP新加坡 SXM荷属圣马丁 SVK斯洛伐克 SVN斯洛文尼亚
SLB所罗门群岛 SOM索马里 ZAF南非 SGS南乔治亚岛和南桑威奇群岛 SSD南苏丹 ESP西班牙 LKA斯里兰卡 SDN苏丹
SUR苏里南 SJM斯瓦尔巴岛和扬马延岛 SWE瑞典 CHE瑞士 SYR叙利亚 TJK塔吉克斯坦 TZA坦桑尼亚 THA泰国 TLS东帝汶
TGO多哥 TKL托克劳 TON汤加 TTO特立尼达和多巴哥 TUN突尼斯 TUR土耳其 TKM土库曼斯坦 TCA特克斯和凯科斯群岛
TUV图瓦卢 UGA乌干达 UKR乌克兰 ARE阿联酋 GBR英国 USA美国 UMI美国本土外小岛屿 URY乌拉圭 UZB乌兹别克斯坦
VUT瓦努阿图 VEN委内瑞拉 VNM越南 VGB英属维尔京群岛 VIR美属维尔京群岛 WLF瓦利斯和富图纳 ESH西撒哈拉 YEM也门
ZMB赞比亚 ZWE津巴布韦
"""
CHINA = "CHN"
# Regions of China that the list of nationalities names apart (docs/fields.md#basic).
CHINESE_REGIONS = ("HKG", "MAC", "TWN")

NATIONALITY = CodeList(
    "国籍及地区",
    {entry[:3]: entry[3:] for entry in _NATIONALITIES.split()},
    synonyms={
        "中华人民共和国": "CHN",
        "中国大陆": "CHN",
        "中国籍": "CHN",
        "香港": "HKG",
        "中国香港特别行政区": "HKG",
        "澳门": "MAC",
        "中国澳门特别行政区": "MAC",
        "台湾": "TWN",
        "中国台湾省": "TWN",
        "大韩民国": "KOR",
        "美利坚合众国": "USA",
        "俄罗斯联邦": "RUS",
        "阿拉伯联合酋长国": "ARE",
        "沙特": "SAU",
        "印尼": "IDN",
        "马其顿": "MKD",
        "梵蒂冈城国": "VAT",
        "中非共和国": "CAF",
        "多米尼加共和国": "DOM",
        "伊朗伊斯兰共和国": "IRN",
        "孟加拉": "BGD",
    },
    suffixes=("国",),
)
