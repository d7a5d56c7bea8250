-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_drug') }}
),
typed as (
    select
        try_cast("drug_id" as bigint) as "drug_id",
        try_cast("visit_id" as bigint) as "visit_id",
        try_cast("concept" as varchar) as "concept",
        try_cast(case when isfinite(try_cast("duration_days" as double)) then "duration_days" end as bigint) as "duration_days"
    from source
),
inside as (
    select
        "drug_id",
        "visit_id",
        case when cast("concept" as varchar) in ('701322', '705944', '708298', '715997', '718583', '723013', '738818', '739138', '740275', '742185', '753626', '755695', '757627', '782043', '782047', '836654', '836659', '914335', '920293', '920300', '920334', '933724', '956874', '957138', '964261', '967823', '974166', '975125', '1000560', '1101554', '1102527', '1107830', '1107882', '1110410', '1112807', '1115008', '1115171', '1119510', '1124957', '1125315', '1127078', '1127433', '1129625', '1137529', '1149196', '1149380', '1150770', '1150771', '1150836', '1150837', '1153428', '1154343', '1154615', '1167322', '1167323', '1174888', '1177480', '1192710', '1305058', '1307046') then "concept" end as "concept",
        case when "duration_days" is not null then least(greatest("duration_days", 0), 3650) end as "duration_days"
    from typed
),
complete as (
    select * from inside
    where "drug_id" is not null and "visit_id" is not null and "duration_days" is not null
),
keyed as (
    select * from complete
    qualify row_number() over (partition by "visit_id", "drug_id" order by "drug_id", "visit_id", "concept", "duration_days") = 1
),
"visit__above" as (
    select * from {{ ref('omop__bounded_visit') }}
),
"person__above" as (
    select * from {{ ref('omop__bounded_person') }}
),
lawful as (
    select "drug"."drug_id", "drug"."visit_id", "drug"."concept", "drug"."duration_days"
    from keyed as "drug"
    join "visit__above" as "visit" on "drug"."visit_id" = "visit"."visit_id"
    join "person__above" as "person" on "visit"."person_id" = "person"."person_id"
),
bounded as (
    select * from lawful
    qualify row_number() over (partition by "visit_id" order by "drug_id", "visit_id", "concept", "duration_days") <= 8
)

select "drug_id", "visit_id", "concept", "duration_days"
from bounded
