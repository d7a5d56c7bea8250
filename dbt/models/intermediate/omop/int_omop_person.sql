with person as (
    select * from {{ ref('stg_omop__person') }}
),
death as (
    select person_id, min(death_date) as died_on
    from {{ ref('stg_omop__death') }}
    group by person_id
),
observation as (
    select * from {{ ref('int_omop_observation') }}
),
described as (
    select
        person.person_id,
        case person.gender_concept_id when 8507 then 'M' when 8532 then 'F' else 'U' end as gender,
        person.year_of_birth as birth_year,
        cast(person.race_concept_id as varchar) as race,
        cast(person.ethnicity_concept_id as varchar) as ethnicity,
        death.person_id is not null as died,
        death.died_on,
        observation.observed_from,
        observation.observed_until
    from person
    left join death on person.person_id = death.person_id
    left join observation on person.person_id = observation.person_id
)

select * from described
