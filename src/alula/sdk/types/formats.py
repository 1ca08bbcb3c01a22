"""Files and folders of formats that have a name, as flytekit names them. A name is no check of the content."""

from __future__ import annotations

from typing import Literal

from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.file import FlyteFile

CSVFile = FlyteFile[Literal["csv"]]
HDF5EncodedFile = FlyteFile[Literal["hdf5"]]
HTMLPage = FlyteFile[Literal["html"]]
JoblibSerializedFile = FlyteFile[Literal["joblib"]]
JPEGImageFile = FlyteFile[Literal["jpeg"]]
JSONLFile = FlyteFile[Literal["jsonl"]]
ONNXFile = FlyteFile[Literal["onnx"]]
PDFFile = FlyteFile[Literal["pdf"]]
PNGImageFile = FlyteFile[Literal["png"]]
PythonNotebook = FlyteFile[Literal["ipynb"]]
PythonPickledFile = FlyteFile[Literal["python_pickle"]]
SVGImageFile = FlyteFile[Literal["svg"]]
TFRecordFile = FlyteFile[Literal["tfrecord"]]
TensorboardLogs = FlyteDirectory[Literal["tensorboard"]]
TFRecordsDirectory = FlyteDirectory[Literal["tfrecords_dir"]]
