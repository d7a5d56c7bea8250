"""All files a study renders to, writing them, and saying which are stale."""

from __future__ import annotations

from pathlib import Path

from generators.marginal.structure import structure
from runners.compile import bounded, coded, marginals, release, release_yml, site_yml
from runners.compile.names import model, prefix
from runners.places import DBT
from specs.lang.types import Study


def render(study: Study) -> dict[str, str]:
    """Text of every file, by its path below dbt/."""
    files: dict[str, str] = {}
    site = f"models/site/{prefix(study)}"
    sources = site_yml.hospital(study)
    if sources:
        files[f"{site}/_{prefix(study)}__sources.yml"] = sources
    for plan in structure(study):
        table = study.tables[plan.table]
        put = {
            "bounded": (bounded.bounded(study, table), site_yml.bounded(study, table)),
            "coded": (coded.coded(study, table, plan), site_yml.coded(study, table, plan)),
            "marginals": (marginals.marginals(study, table, plan), site_yml.marginals(study, table)),
        }
        for kind, (sql, properties) in put.items():
            files[f"{site}/{model(study, kind, table.name)}.sql"] = sql
            files[f"{site}/{model(study, kind, table.name)}.yml"] = properties
    return files if study.generator.finds_bins else files | _release(study)


def _release(study: Study) -> dict[str, str]:
    files: dict[str, str] = {}
    out = f"models/release/{prefix(study)}"
    for table in study.tables.values():
        files[f"{out}/{model(study, '', table.name)}.sql"] = release.synthetic(study, table)
        files[f"{out}/{model(study, '', table.name)}.yml"] = release_yml.synthetic(study, table)
    files[f"{out}/{prefix(study)}__quality_columns.sql"] = release.quality(study)
    files[f"{out}/_{prefix(study)}__release.yml"] = release_yml.released(study)
    return files


def stale(study: Study, project: Path = DBT) -> list[Path]:
    """Files that are missing, differ from what the spec renders to, or are rendered no more."""
    files = render(study)
    wrong = [project / path for path, text in files.items() if _text(project / path) != text]
    return wrong + [path for path in _present(study, project) if str(path.relative_to(project)) not in files]


def write(study: Study, project: Path = DBT) -> list[Path]:
    """Renders the study; gives back the files that changed."""
    changed = stale(study, project)
    files = render(study)
    for path in changed:
        relative = str(path.relative_to(project))
        if relative in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[relative], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _present(study: Study, project: Path) -> list[Path]:
    folders = [project / "models" / side / prefix(study) for side in ("site", "release")]
    return sorted(p for folder in folders if folder.is_dir() for p in folder.iterdir() if p.suffix in (".sql", ".yml"))
