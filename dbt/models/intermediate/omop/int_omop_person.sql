with person as (
    select * from {{ ref('stg_omop__person') }}
),
death as (
    select distinct person_id from {{ ref('stg_omop__death') }}
),
described as (
    select
        person.person_id,
        case person.gender_concept_id when 8507 then 'M' when 8532 then 'F' else 'U' end as gender,
        person.year_of_birth as birth_year,
        cast(person.race_concept_id as varchar) as race,
        cast(person.ethnicity_concept_id as varchar) as ethnicity,
        death.person_id is not null as died
    from person
    left join death on person.person_id = death.person_id
)

select * from described
