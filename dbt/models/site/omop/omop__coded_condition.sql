-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_condition') }}
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
        case when bounded."concept" is null then 123 else case cast(bounded."concept" as varchar) when '28060' then 0 when '75036' then 1 when '78272' then 2 when '79740' then 3 when '80502' then 4 when '80809' then 5 when '81151' then 6 when '133834' then 7 when '134438' then 8 when '137613' then 9 when '140673' then 10 when '192279' then 11 when '195588' then 12 when '196456' then 13 when '197500' then 14 when '198199' then 15 when '198809' then 16 when '199076' then 17 when '200970' then 18 when '201826' then 19 when '255848' then 20 when '257012' then 21 when '258780' then 22 when '260139' then 23 when '261325' then 24 when '313217' then 25 when '316866' then 26 when '317009' then 27 when '317576' then 28 when '321042' then 29 when '372328' then 30 when '375671' then 31 when '378001' then 32 when '378419' then 33 when '380378' then 34 when '381316' then 35 when '432867' then 36 when '436096' then 37 when '436676' then 38 when '436940' then 39 when '438130' then 40 when '439393' then 41 when '439777' then 42 when '440086' then 43 when '440448' then 44 when '440674' then 45 when '443597' then 46 when '443601' then 47 when '443614' then 48 when '444094' then 49 when '4001336' then 50 when '4029498' then 51 when '4035415' then 52 when '4043241' then 53 when '4048171' then 54 when '4048695' then 55 when '4051466' then 56 when '4055754' then 57 when '4056621' then 58 when '4059173' then 59 when '4078393' then 60 when '4079749' then 61 when '4079750' then 62 when '4084167' then 63 when '4094814' then 64 when '4109685' then 65 when '4110591' then 66 when '4112343' then 67 when '4113008' then 68 when '4115276' then 69 when '4116491' then 70 when '4120314' then 71 when '4129902' then 72 when '4132546' then 73 when '4134304' then 74 when '4142905' then 75 when '4146173' then 76 when '4149245' then 77 when '4152280' then 78 when '4152936' then 79 when '4155034' then 80 when '4156265' then 81 when '4166224' then 82 when '4180790' then 83 when '4214376' then 84 when '4217975' then 85 when '4218106' then 86 when '4218389' then 87 when '4226121' then 88 when '4229440' then 89 when '4230399' then 90 when '4237458' then 91 when '4245614' then 92 when '4262136' then 93 when '4278672' then 94 when '4280726' then 95 when '4283893' then 96 when '4285898' then 97 when '4294548' then 98 when '4296204' then 99 when '4296205' then 100 when '4299128' then 101 when '4310703' then 102 when '4311629' then 103 when '4329847' then 104 when '4341247' then 105 when '37016354' then 106 when '37017023' then 107 when '37169474' then 108 when '37395648' then 109 when '40318618' then 110 when '40479422' then 111 when '40479768' then 112 when '40480160' then 113 when '40481087' then 114 when '40486433' then 115 when '43530652' then 116 when '43530656' then 117 when '43530685' then 118 when '45757499' then 119 when '45763582' then 120 when '45769905' then 121 when '45770830' then 122 end end as "concept__code"
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
        row_number() over (partition by finely."visit_id" order by finely."concept__code", finely."condition_id") as __row,
        count(*) over (partition by finely."visit_id") as __rows
    from finely
    join "visit__coded" on finely."visit_id" = "visit__coded"."visit_id"
    join "person__coded" on "visit__coded"."person_id" = "person__coded"."person_id"
),
"neighbours" as (
    select
        *,
        coalesce(lag("concept__code") over rows_of, 124) as "concept__prev"
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
        "condition_id",
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
    "condition_id",
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
