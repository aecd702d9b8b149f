"""What is done with each photo, as a `danpredict.batch.run.Task`."""

from __future__ import annotations

from danpredict.batch.faces import options_key
from danpredict.batch.log import Row, picture_stamp
from danpredict.batch.workers import Work
from danpredict.photos.job import Job, PhotoPredictor


class PredictTask:
    """Predict the photos of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.key = options_key(job.faces, "predict 1")  # another number if rows change

    def start(self) -> Work:
        """Load the detector and the predictor."""
        return PhotoPredictor(self.job).predict

    def is_done(self, row: Row) -> bool:
        """Whether the photo is unchanged and its drawn copy exists, if one is wanted."""
        name, folder = row["picture"], self.job.folder
        if row["stamp"] != picture_stamp(self.job.files[name]) or "faces" not in row:
            return False
        if folder is None:
            return True
        return bool(row.get("drawn") == self.job.drawn[name]) and (folder / row["drawn"]).is_file()

    def replace(self, old: Row, new: Row) -> None:
        """Remove a drawn copy that only the old row lists."""
        folder, drawn = self.job.folder, old.get("drawn")
        if folder is not None and drawn is not None and drawn != new.get("drawn"):
            copy = (folder / drawn).resolve()
            if copy.is_relative_to(folder.resolve()):
                copy.unlink(missing_ok=True)
