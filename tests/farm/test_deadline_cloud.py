"""Read by Deadline Cloud's own library; submitting needs a farm."""

import pytest

from dvm_core.farm import deadline_cloud as view
from dvm_core.farm.plan import Chunks, plan

pytest.importorskip("deadline", reason="the deadline package is not installed: pip install 'dvm-core[farm]'")


def test_its_own_file_is_what_it_was(plain_plan, golden):
    golden("deadline_cloud/parameter_values.yaml", view.files(plain_plan(Chunks(4)))[view.VALUES])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deadline_reads_every_value_and_asset(clip, tmp_path):
    from deadline.client.job_bundle.loader import (
        read_yaml_or_json_object,
        validate_directory_symlink_containment,
    )
    from deadline.client.job_bundle.parameters import read_job_bundle_parameters
    from deadline.client.job_bundle.submission import AssetReferences

    folder = tmp_path / "bundle"
    made = plan(clip.job(), Chunks(4))
    view.write(made, folder)
    validate_directory_symlink_containment(str(folder))
    read = {parameter["name"]: parameter for parameter in read_job_bundle_parameters(str(folder))}
    assert read["Plate"]["value"] == made.pinned.job.plate
    assert read["deadline:maxRetriesPerTask"]["value"] == view.RETRIES
    assert all("value" in parameter or "default" in parameter for parameter in read.values())
    document = read_yaml_or_json_object(str(folder), "asset_references", required=True)
    assets = AssetReferences.from_dict(document)
    assert assets.input_filenames == {str(path) for path in made.inputs()}
    assert assets.output_directories == {str(clip.folder / "mattes"), str(clip.folder / "mattes" / "sh010_qc")}
