-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_visit') }}
),
typed as (
    select
        case when try_cast("visit_id" as double) = floor(try_cast("visit_id" as double)) then try_cast("visit_id" as bigint) end as "visit_id",
        case when try_cast("person_id" as double) = floor(try_cast("person_id" as double)) then try_cast("person_id" as bigint) end as "person_id",
        try_cast("kind" as varchar) as "kind",
        case when isfinite(try_cast("started_on" as date)) then try_cast("started_on" as date) end as "started_on",
        try_cast("los_days" as bigint) as "los_days"
    from source
),
inside as (
    select
        "visit_id",
        "person_id",
        case when cast("kind" as varchar) in ('inpatient', 'outpatient', 'emergency', 'other') then "kind" end as "kind",
        case when "started_on" < (date '1970-01-01' + -23741) then (date '1970-01-01' + -23741) when "started_on" > (date '1970-01-01' + 20088) then (date '1970-01-01' + 20088) else "started_on" end as "started_on",
        cast(case when "los_days" < 0 then 0 when "los_days" > 365 then 365 else "los_days" end as smallint) as "los_days"
    from typed
),
complete as (
    select * from inside
    where "visit_id" is not null and "person_id" is not null and "kind" is not null and "started_on" is not null and "los_days" is not null
),
keyed as (
    select "visit_id", "person_id", "kind", "started_on", cast("los_days" as bigint) as "los_days" from complete
    qualify row_number() over (partition by "person_id", "visit_id" order by "started_on", "visit_id", "person_id", "kind", "los_days") = 1
),
"person__above" as (
    select * from {{ ref('omop__bounded_person') }}
),
lawful as (
    select "visit"."visit_id", "visit"."person_id", "visit"."kind", "visit"."started_on", "visit"."los_days"
    from keyed as "visit"
    join "person__above" as "person" on "visit"."person_id" = "person"."person_id"
    where try(YEAR(visit.started_on) >= person.birth_year) is not false
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "person_id" order by "started_on", "visit_id", "person_id", "kind", "los_days") <= 64
)

select "visit_id", "person_id", "kind", "started_on", "los_days"
from bounded
