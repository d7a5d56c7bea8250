-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_drug') }}
),
"visit__coded" as (
    select * from {{ ref('omop__coded_visit') }}
),
"person__coded" as (
    select *, rowid as __patient from {{ ref('omop__coded_person') }}
),
"own" as (
    select
        bounded.*,
        case when bounded."concept" is null then 246 else case cast(bounded."concept" as varchar) when '701322' then 0 when '705944' then 1 when '708298' then 2 when '715997' then 3 when '718583' then 4 when '723013' then 5 when '738818' then 6 when '739138' then 7 when '740275' then 8 when '742185' then 9 when '753626' then 10 when '755695' then 11 when '757627' then 12 when '782043' then 13 when '782047' then 14 when '836654' then 15 when '836659' then 16 when '914335' then 17 when '920293' then 18 when '920300' then 19 when '920334' then 20 when '933724' then 21 when '956874' then 22 when '957138' then 23 when '964261' then 24 when '967823' then 25 when '974166' then 26 when '975125' then 27 when '1000560' then 28 when '1101554' then 29 when '1102527' then 30 when '1107830' then 31 when '1107882' then 32 when '1110410' then 33 when '1112807' then 34 when '1115008' then 35 when '1115171' then 36 when '1119510' then 37 when '1124957' then 38 when '1125315' then 39 when '1127078' then 40 when '1127433' then 41 when '1129625' then 42 when '1137529' then 43 when '1149196' then 44 when '1149380' then 45 when '1150770' then 46 when '1150771' then 47 when '1150836' then 48 when '1150837' then 49 when '1153428' then 50 when '1154343' then 51 when '1154615' then 52 when '1167322' then 53 when '1167323' then 54 when '1174888' then 55 when '1177480' then 56 when '1192710' then 57 when '1305058' then 58 when '1307046' then 59 when '1307863' then 60 when '1308738' then 61 when '1309944' then 62 when '1310034' then 63 when '1310149' then 64 when '1315942' then 65 when '1318011' then 66 when '1322184' then 67 when '1326303' then 68 when '1332418' then 69 when '1332419' then 70 when '1343916' then 71 when '1347450' then 72 when '1350504' then 73 when '1351541' then 74 when '1351705' then 75 when '1361711' then 76 when '1367571' then 77 when '1378382' then 78 when '1378388' then 79 when '1388796' then 80 when '1396131' then 81 when '1397599' then 82 when '1500211' then 83 when '1501700' then 84 when '1503184' then 85 when '1503297' then 86 when '1512674' then 87 when '1515774' then 88 when '1518198' then 89 when '1519936' then 90 when '1519937' then 91 when '1521369' then 92 when '1539403' then 93 when '1539411' then 94 when '1539464' then 95 when '1545958' then 96 when '1545959' then 97 when '1548195' then 98 when '1549786' then 99 when '1550023' then 100 when '1551099' then 101 when '1551192' then 102 when '1557272' then 103 when '1589505' then 104 when '1594382' then 105 when '1595799' then 106 when '1596977' then 107 when '1713332' then 108 when '1713671' then 109 when '1717327' then 110 when '1718412' then 111 when '1718701' then 112 when '1718758' then 113 when '1728416' then 114 when '1729720' then 115 when '1738521' then 116 when '1741122' then 117 when '1746114' then 118 when '1759842' then 119 when '1768849' then 120 when '1778162' then 121 when '19003953' then 122 when '19006318' then 123 when '19007333' then 124 when '19008572' then 125 when '19009384' then 126 when '19010482' then 127 when '19016749' then 128 when '19018935' then 129 when '19019273' then 130 when '19019308' then 131 when '19019979' then 132 when '19023398' then 133 when '19039298' then 134 when '19054876' then 135 when '19059056' then 136 when '19073183' then 137 when '19073188' then 138 when '19074679' then 139 when '19074841' then 140 when '19074843' then 141 when '19075001' then 142 when '19075601' then 143 when '19077344' then 144 when '19077572' then 145 when '19078219' then 146 when '19078461' then 147 when '19078924' then 148 when '19079524' then 149 when '19081453' then 150 when '19081456' then 151 when '19083100' then 152 when '19103068' then 153 when '19112599' then 154 when '19115351' then 155 when '19123231' then 156 when '19125062' then 157 when '19126352' then 158 when '19127890' then 159 when '19127904' then 160 when '19127918' then 161 when '19127922' then 162 when '19128009' then 163 when '19128022' then 164 when '19128065' then 165 when '19128263' then 166 when '19129144' then 167 when '19129655' then 168 when '19132304' then 169 when '19133679' then 170 when '19133768' then 171 when '19133873' then 172 when '19133905' then 173 when '19134077' then 174 when '35603924' then 175 when '35604087' then 176 when '35605482' then 177 when '35605858' then 178 when '35606289' then 179 when '40162522' then 180 when '40162603' then 181 when '40163554' then 182 when '40163924' then 183 when '40164493' then 184 when '40165015' then 185 when '40166274' then 186 when '40166825' then 187 when '40169216' then 188 when '40169222' then 189 when '40169281' then 190 when '40170911' then 191 when '40171902' then 192 when '40173590' then 193 when '40174880' then 194 when '40213154' then 195 when '40213160' then 196 when '40213180' then 197 when '40213183' then 198 when '40213198' then 199 when '40213201' then 200 when '40213216' then 201 when '40213227' then 202 when '40213230' then 203 when '40213251' then 204 when '40213260' then 205 when '40213281' then 206 when '40213296' then 207 when '40213299' then 208 when '40213304' then 209 when '40213306' then 210 when '40213314' then 211 when '40213320' then 212 when '40220386' then 213 when '40220871' then 214 when '40220960' then 215 when '40221415' then 216 when '40222846' then 217 when '40223768' then 218 when '40223774' then 219 when '40223821' then 220 when '40223834' then 221 when '40224132' then 222 when '40224805' then 223 when '40228230' then 224 when '40229134' then 225 when '40231925' then 226 when '40232448' then 227 when '40236446' then 228 when '40236824' then 229 when '40243436' then 230 when '42707627' then 231 when '42898298' then 232 when '42902245' then 233 when '43012433' then 234 when '43012754' then 235 when '43526465' then 236 when '43526467' then 237 when '44816277' then 238 when '45892894' then 239 when '46221581' then 240 when '46221626' then 241 when '46233710' then 242 when '46233988' then 243 when '46275444' then 244 when '46275916' then 245 end end as "concept__code",
        case when bounded."duration_days" < 1 then 0 when bounded."duration_days" < 8 then 1 when bounded."duration_days" < 15 then 2 when bounded."duration_days" < 31 then 3 when bounded."duration_days" < 91 then 4 when bounded."duration_days" < 366 then 5 else 6 end as "duration_days__code"
    from bounded
),
"finely" as (
    select
        *,
        "duration_days__code" * 4 + greatest(0, least(("duration_days" - list_extract([0, 1, 8, 15, 31, 91, 366]::bigint[], "duration_days__code" + 1)) * list_extract([1, 4, 4, 4, 4, 4, 4]::bigint[], "duration_days__code" + 1) // (list_extract([1, 8, 15, 31, 91, 366, 3651]::bigint[], "duration_days__code" + 1) - list_extract([0, 1, 8, 15, 31, 91, 366]::bigint[], "duration_days__code" + 1)), list_extract([1, 4, 4, 4, 4, 4, 4]::bigint[], "duration_days__code" + 1) - 1)) as "duration_days__fine"
    from own
),
"placed" as (
    select
        finely.*,
        "person__coded".__patient,
        "visit__coded"."kind" as "visit__kind",
        list_extract([0, 0, 1, 2, 2, 3, 4, 4, 5], "visit__coded"."los_days" + 1) as "visit__los_days",
        list_extract([0, 0, 1, 2, 3, 4, 5], "visit__coded"."condition__count" + 1) as "visit__condition__count",
        list_extract([0, 0, 1, 2, 3, 4, 5], "visit__coded"."drug__count" + 1) as "visit__drug__count",
        list_extract([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5], "visit__coded"."measurement__count" + 1) as "visit__measurement__count",
        "person__coded"."gender" as "person__gender",
        list_extract([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5], "person__coded"."birth_year" + 1) as "person__birth_year",
        "person__coded"."race" as "person__race",
        "person__coded"."ethnicity" as "person__ethnicity",
        "person__coded"."died" as "person__died",
        list_extract([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5], "person__coded"."visit__count" + 1) as "person__visit__count",
        row_number() over (partition by finely."visit_id" order by finely."concept__code", finely."duration_days__code", finely."drug_id") as __row,
        count(*) over (partition by finely."visit_id") as __rows
    from finely
    join "visit__coded" on finely."visit_id" = "visit__coded"."visit_id"
    join "person__coded" on "visit__coded"."person_id" = "person__coded"."person_id"
),
"neighbours" as (
    select
        *,
        coalesce(lag("concept__code") over rows_of, 247) as "concept__prev",
        coalesce(lag("duration_days__code") over (partition by "visit_id", "concept__code" order by __row), 7) as "duration_days__last"
    from placed
    window rows_of as (partition by "visit_id" order by __row)
),
"measured" as (
    select
        *,
        (__rows - __row + 1) as __rest
    from neighbours
),
"timed" as (
    select
        *,
        case when __rest < 1 then 0 when __rest < 2 then 1 when __rest < 3 then 2 when __rest < 4 then 3 when __rest < 5 then 4 when __rest < 7 then 5 else 6 end as __rest__code
    from measured
),
"together" as (
    select
        "drug_id",
        "visit_id",
        __patient,
        __row,
        "visit__kind",
        "visit__los_days",
        "visit__condition__count",
        "visit__drug__count",
        "visit__measurement__count",
        "person__gender",
        "person__birth_year",
        "person__race",
        "person__ethnicity",
        "person__died",
        "person__visit__count",
        "concept__prev",
        "duration_days__last",
        "duration_days__fine",
        "concept__code" as "concept",
        "duration_days__code" as "duration_days__coarse",
        "duration_days__code" as "duration_days"
    from timed
)

select
    "drug_id",
    "visit_id",
    "__patient",
    "__row",
    cast("visit__kind" as utinyint) as "visit__kind",
    cast("visit__los_days" as utinyint) as "visit__los_days",
    cast("visit__condition__count" as utinyint) as "visit__condition__count",
    cast("visit__drug__count" as utinyint) as "visit__drug__count",
    cast("visit__measurement__count" as utinyint) as "visit__measurement__count",
    cast("person__gender" as utinyint) as "person__gender",
    cast("person__birth_year" as utinyint) as "person__birth_year",
    cast("person__race" as utinyint) as "person__race",
    cast("person__ethnicity" as utinyint) as "person__ethnicity",
    cast("person__died" as utinyint) as "person__died",
    cast("person__visit__count" as utinyint) as "person__visit__count",
    cast("concept__prev" as utinyint) as "concept__prev",
    cast("concept" as utinyint) as "concept",
    cast("duration_days__coarse" as utinyint) as "duration_days__coarse",
    cast("duration_days__last" as utinyint) as "duration_days__last",
    cast("duration_days" as utinyint) as "duration_days",
    cast("duration_days__fine" as utinyint) as "duration_days__fine"
from together
