-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_measurement') }}
),
typed as (
    select
        try_cast("measurement_id" as bigint) as "measurement_id",
        try_cast("visit_id" as bigint) as "visit_id",
        try_cast("concept" as varchar) as "concept"
    from source
),
inside as (
    select
        "measurement_id",
        "visit_id",
        case when cast("concept" as varchar) in ('3000285', '3000330', '3000348', '3000483', '3000876', '3000905', '3000963', '3001247', '3001488', '3001802', '3002385', '3002736', '3004249', '3004295', '3004410', '3004501', '3005136', '3005456', '3005897', '3006322', '3006451', '3006513', '3006734', '3006906', '3006923', '3007070', '3007461', '3007876', '3008204', '3008598', '3009201', '3009261', '3009542', '3009744', '3009966', '3010813', '3011397', '3011505', '3012030', '3012494', '3012888', '3013603', '3013682', '3013721', '3014051', '3014094', '3014576', '3014599', '3014902', '3015076', '3015182', '3015632', '3016723', '3018572', '3018834', '3019406', '3019550', '3020416', '3020630', '3020655') then "concept" end as "concept"
    from typed
),
complete as (
    select * from inside
    where "measurement_id" is not null and "visit_id" is not null
),
keyed as (
    select * from complete
    qualify row_number() over (partition by "visit_id", "measurement_id" order by "measurement_id", "visit_id", "concept") = 1
),
"visit__above" as (
    select * from {{ ref('omop__bounded_visit') }}
),
"person__above" as (
    select * from {{ ref('omop__bounded_person') }}
),
lawful as (
    select "measurement"."measurement_id", "measurement"."visit_id", "measurement"."concept"
    from keyed as "measurement"
    join "visit__above" as "visit" on "measurement"."visit_id" = "visit"."visit_id"
    join "person__above" as "person" on "visit"."person_id" = "person"."person_id"
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "visit_id" order by "measurement_id", "visit_id", "concept") <= 16
)

select "measurement_id", "visit_id", "concept"
from bounded
