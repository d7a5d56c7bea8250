-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_measurement') }}
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
        case when bounded."concept" is null then 127 else case cast(bounded."concept" as varchar) when '3000285' then 0 when '3000330' then 1 when '3000348' then 2 when '3000483' then 3 when '3000876' then 4 when '3000905' then 5 when '3000963' then 6 when '3001247' then 7 when '3001488' then 8 when '3001802' then 9 when '3002385' then 10 when '3002736' then 11 when '3004249' then 12 when '3004295' then 13 when '3004410' then 14 when '3004501' then 15 when '3005136' then 16 when '3005456' then 17 when '3005897' then 18 when '3006322' then 19 when '3006451' then 20 when '3006513' then 21 when '3006734' then 22 when '3006906' then 23 when '3006923' then 24 when '3007070' then 25 when '3007461' then 26 when '3007876' then 27 when '3008204' then 28 when '3008598' then 29 when '3009201' then 30 when '3009261' then 31 when '3009542' then 32 when '3009744' then 33 when '3009966' then 34 when '3010813' then 35 when '3011397' then 36 when '3011505' then 37 when '3012030' then 38 when '3012494' then 39 when '3012888' then 40 when '3013603' then 41 when '3013682' then 42 when '3013721' then 43 when '3014051' then 44 when '3014094' then 45 when '3014576' then 46 when '3014599' then 47 when '3014902' then 48 when '3015076' then 49 when '3015182' then 50 when '3015632' then 51 when '3016723' then 52 when '3018572' then 53 when '3018834' then 54 when '3019406' then 55 when '3019550' then 56 when '3020416' then 57 when '3020630' then 58 when '3020655' then 59 when '3021226' then 60 when '3021601' then 61 when '3022192' then 62 when '3022621' then 63 when '3023103' then 64 when '3023314' then 65 when '3023430' then 66 when '3023539' then 67 when '3023599' then 68 when '3024128' then 69 when '3024561' then 70 when '3024629' then 71 when '3024731' then 72 when '3024929' then 73 when '3025315' then 74 when '3026361' then 75 when '3027114' then 76 when '3027162' then 77 when '3027231' then 78 when '3027970' then 79 when '3028833' then 80 when '3030315' then 81 when '3031569' then 82 when '3032503' then 83 when '3035350' then 84 when '3035995' then 85 when '3036277' then 86 when '3036780' then 87 when '3038553' then 88 when '3043111' then 89 when '3045716' then 90 when '3049273' then 91 when '3051825' then 92 when '4014117' then 93 when '4015052' then 94 when '4018595' then 95 when '4018603' then 96 when '4024509' then 97 when '4024958' then 98 when '4055982' then 99 when '4060266' then 100 when '4062501' then 101 when '4064377' then 102 when '4078285' then 103 when '4091461' then 104 when '4102154' then 105 when '4133840' then 106 when '4136494' then 107 when '4149386' then 108 when '4149631' then 109 when '4151408' then 110 when '4151422' then 111 when '4168615' then 112 when '4191851' then 113 when '4191853' then 114 when '4258677' then 115 when '4301557' then 116 when '4304821' then 117 when '21494966' then 118 when '40761014' then 119 when '40769179' then 120 when '40769184' then 121 when '40769189' then 122 when '40769194' then 123 when '43055141' then 124 when '44786664' then 125 when '46236952' then 126 end end as "concept__code"
    from bounded
),
"finely" as (
    select
        *
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
        row_number() over (partition by finely."visit_id" order by finely."concept__code", finely."measurement_id") as __row,
        count(*) over (partition by finely."visit_id") as __rows
    from finely
    join "visit__coded" on finely."visit_id" = "visit__coded"."visit_id"
    join "person__coded" on "visit__coded"."person_id" = "person__coded"."person_id"
),
"neighbours" as (
    select
        *,
        coalesce(lag("concept__code") over rows_of, 128) as "concept__prev"
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
        case when __rest < 1 then 0 when __rest < 2 then 1 when __rest < 3 then 2 when __rest < 4 then 3 when __rest < 5 then 4 when __rest < 7 then 5 when __rest < 8 then 6 when __rest < 10 then 7 when __rest < 13 then 8 when __rest < 16 then 9 else 10 end as __rest__code
    from measured
),
"together" as (
    select
        "measurement_id",
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
        "concept__code" as "concept"
    from timed
)

select
    "measurement_id",
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
    cast("concept" as utinyint) as "concept"
from together
