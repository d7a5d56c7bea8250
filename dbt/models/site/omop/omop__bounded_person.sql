-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with source as (
    select * from {{ ref('int_omop_person') }}
),
typed as (
    select
        case when try_cast("person_id" as double) = floor(try_cast("person_id" as double)) then try_cast("person_id" as bigint) end as "person_id",
        try_cast("gender" as varchar) as "gender",
        try_cast("birth_year" as bigint) as "birth_year",
        try_cast("race" as varchar) as "race",
        try_cast("ethnicity" as varchar) as "ethnicity",
        try_cast("died" as boolean) as "died"
    from source
),
inside as (
    select
        "person_id",
        case when cast("gender" as varchar) in ('F', 'M', 'U') then "gender" end as "gender",
        cast(case when "birth_year" < 1905 then 1905 when "birth_year" > 2024 then 2024 else "birth_year" end as smallint) as "birth_year",
        case when cast("race" as varchar) in ('0', '8515', '8516', '8527') then "race" end as "race",
        case when cast("ethnicity" as varchar) in ('0', '38003563', '38003564') then "ethnicity" end as "ethnicity",
        "died" as "died"
    from typed
),
complete as (
    select * from inside
    where "person_id" is not null and "gender" is not null and "birth_year" is not null and "died" is not null
),
keyed as (
    select "person_id", "gender", cast("birth_year" as bigint) as "birth_year", "race", "ethnicity", "died" from complete
    qualify row_number() over (partition by "person_id" order by "person_id", "gender", "birth_year", "race", "ethnicity", "died") = 1
),
lawful as (
    select "person"."person_id", "person"."gender", "person"."birth_year", "person"."race", "person"."ethnicity", "person"."died"
    from keyed as "person"
)

select "person_id", "gender", "birth_year", "race", "ethnicity", "died"
from lawful
