-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_drug') }}
),
"visit__coded" as (
    select * from {{ ref('omop__coded_visit') }}
),
"person__coded" as (
    select * from {{ ref('omop__coded_person') }}
),
"own" as (
    select
        bounded.*,
        case when bounded."concept" is null then 60 else case cast(bounded."concept" as varchar) when '701322' then 0 when '705944' then 1 when '708298' then 2 when '715997' then 3 when '718583' then 4 when '723013' then 5 when '738818' then 6 when '739138' then 7 when '740275' then 8 when '742185' then 9 when '753626' then 10 when '755695' then 11 when '757627' then 12 when '782043' then 13 when '782047' then 14 when '836654' then 15 when '836659' then 16 when '914335' then 17 when '920293' then 18 when '920300' then 19 when '920334' then 20 when '933724' then 21 when '956874' then 22 when '957138' then 23 when '964261' then 24 when '967823' then 25 when '974166' then 26 when '975125' then 27 when '1000560' then 28 when '1101554' then 29 when '1102527' then 30 when '1107830' then 31 when '1107882' then 32 when '1110410' then 33 when '1112807' then 34 when '1115008' then 35 when '1115171' then 36 when '1119510' then 37 when '1124957' then 38 when '1125315' then 39 when '1127078' then 40 when '1127433' then 41 when '1129625' then 42 when '1137529' then 43 when '1149196' then 44 when '1149380' then 45 when '1150770' then 46 when '1150771' then 47 when '1150836' then 48 when '1150837' then 49 when '1153428' then 50 when '1154343' then 51 when '1154615' then 52 when '1167322' then 53 when '1167323' then 54 when '1174888' then 55 when '1177480' then 56 when '1192710' then 57 when '1305058' then 58 when '1307046' then 59 end end as "concept__code",
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
        coalesce(lag("concept__code") over rows_of, 61) as "concept__prev",
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
    cast("visit__kind" as smallint) as "visit__kind",
    cast("visit__los_days" as smallint) as "visit__los_days",
    cast("visit__condition__count" as smallint) as "visit__condition__count",
    cast("visit__drug__count" as smallint) as "visit__drug__count",
    cast("visit__measurement__count" as smallint) as "visit__measurement__count",
    cast("person__gender" as smallint) as "person__gender",
    cast("person__birth_year" as smallint) as "person__birth_year",
    cast("person__race" as smallint) as "person__race",
    cast("person__ethnicity" as smallint) as "person__ethnicity",
    cast("person__died" as smallint) as "person__died",
    cast("person__visit__count" as smallint) as "person__visit__count",
    cast("concept__prev" as smallint) as "concept__prev",
    cast("concept" as smallint) as "concept",
    cast("duration_days__coarse" as smallint) as "duration_days__coarse",
    cast("duration_days__last" as smallint) as "duration_days__last",
    cast("duration_days" as smallint) as "duration_days",
    cast("duration_days__fine" as smallint) as "duration_days__fine"
from together
