"""A trained network → one ONNX file that reads one log: opset 17, which onnxruntime knows since 1.12.

The tables of features lose what the network makes nothing of: rows that weigh least, and directions that its first layer
hardly sees. They are stored as 8-bit numbers with a scale for each column. The file's metadata says which features and labels
it was made for: guard uses no file that was made for others.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from guard.diagnosis.features import VERSION
from guard.diagnosis.grams import CHARACTERS
from guard.diagnosis.reading import ENDINGS, POSITIONS
from models.classifier.fit import Trained
from models.classifier.linear import Linear
from models.classifier.network import REACH
from models.data import LABEL_NAMES

ROWS, WIDTH = 48_000, 24
"""Features that have a row, and numbers in which its vector is kept."""
LARGEST = 15_000_000
"""Bytes that a step may carry."""


def export(trained: Trained, linear: Linear) -> bytes:
    """The file's bytes.

    Raises:
        ValueError: they are more than a step may carry.
    """
    state = {name: value.detach().numpy() for name, value in trained.network.state_dict().items()}
    shape = trained.network.shape
    graph = _Graph()
    number, deep, wide, line = _narrowed(trained, state["line.weight"])
    graph.constant("number", number)
    graph.constant("one", np.ones(1, np.float32))
    graph.constant("last_axis", np.array([1], np.int64))

    graph.node("Gather", ["number", "buckets"], "numbers16")
    graph.node("Cast", ["numbers16"], "numbers", to=TensorProto.INT32)
    graph.node("NonZero", ["numbers"], "known_at2")
    graph.node("Squeeze", ["known_at2", graph.integers("axis0", 0)], "known_at")
    graph.node("Gather", ["numbers", "known_at"], "known")
    graph.node("Gather", ["lines", "known_at"], "line32")
    graph.node("Cast", ["line32"], "line", to=TensorProto.INT64)
    graph.node("Unsqueeze", ["line", "last_axis"], "line_index")
    graph.node("Shape", ["positions"], "positions_shape")
    graph.node("Gather", ["positions_shape", graph.integers("zero", 0)], "line_count")
    graph.node("ConstantOfShape", ["line_count"], "no_counts")
    graph.node("Shape", ["known"], "known_count")
    graph.node("Expand", ["one", "known_count"], "ones")
    graph.node("ScatterND", ["no_counts", "line_index", "ones"], "line_features", reduction="add")
    graph.node("Add", ["line_features", "one"], "counts1")
    graph.node("Sqrt", ["counts1"], "roots1")
    graph.node("Unsqueeze", ["roots1", "last_axis"], "roots")
    # Each table by itself: all at once their rows would be the most memory that a verdict takes.
    for name, table in (("deep", deep), ("wide", wide)):
        graph.table(name, table)
        graph.integers(f"{name}_columns", table.shape[1])
        graph.node("Gather", [f"{name}_table", "known"], f"{name}_rows8")
        graph.node("Cast", [f"{name}_rows8"], f"{name}_rows", to=TensorProto.FLOAT)
        graph.node("Concat", ["line_count", f"{name}_columns"], f"{name}_shape", axis=0)
        graph.node("ConstantOfShape", [f"{name}_shape"], f"{name}_none")
        graph.node("ScatterND", [f"{name}_none", "line_index", f"{name}_rows"], f"{name}_sums8", reduction="add")
        graph.node("Mul", [f"{name}_sums8", f"{name}_scale"], f"{name}_scaled")
        graph.node("Div", [f"{name}_scaled", "roots"], f"{name}_sums")

    graph.node("Concat", ["deep_sums", "positions"], "line_input", axis=1)
    graph.linear("line_input", line, state["line.bias"], "line_sum")
    graph.silu("line_sum", "hidden0")
    graph.node("Transpose", ["hidden0"], "across", perm=[1, 0])
    graph.node("Unsqueeze", ["across", graph.integers("axis00", 0)], "across3")
    graph.constant("near", np.ascontiguousarray(state["near"].T[:, None, :]))
    graph.node("Conv", ["across3", "near"], "near3", group=shape.hidden, pads=[REACH, REACH])
    graph.node("Squeeze", ["near3", "axis00"], "near2")
    graph.node("Transpose", ["near2"], "near1", perm=[1, 0])
    graph.linear("near1", state["mix.weight"], state["mix.bias"], "mix_sum")
    graph.silu("mix_sum", "mixed")
    graph.node("Add", ["hidden0", "mixed"], "hidden")
    graph.node("Concat", ["hidden", "positions"], "heads_input", axis=1)
    graph.linear("heads_input", state["heads.weight"], None, "scores")
    graph.node("Softmax", ["scores"], "attention", axis=0)
    graph.node("Transpose", ["attention"], "attention_t", perm=[1, 0])
    graph.node("MatMul", ["attention_t", "hidden"], "pooled2")
    graph.node("Reshape", ["pooled2", graph.integers("flat", 1, -1)], "pooled")
    graph.linear("pooled", state["pool.weight"], state["pool.bias"], "pool_sum")
    graph.silu("pool_sum", "pool")
    graph.linear("pool", state["out.weight"], state["out.bias"], "pooled_said")
    heard = np.zeros((shape.heads, 1), np.float32)
    heard[:2, 0] = state["wide_scale"]
    graph.constant("heard_w", heard)
    graph.node("MatMul", ["attention", "heard_w"], "heard")
    graph.node("Transpose", ["heard"], "heard_t", perm=[1, 0])
    graph.node("MatMul", ["heard_t", "wide_sums"], "linear")
    graph.node("Unsqueeze", ["ending", graph.integers("axis000", 0)], "ending2")
    graph.linear("ending2", state["ending.weight"], None, "by_ending")
    graph.node("Sum", ["pooled_said", "linear", "by_ending"], "logits2")
    graph.node("Squeeze", ["logits2", "axis000"], "logits")
    graph.node("Slice", ["attention", graph.integers("s4", 0), graph.integers("s5", 1), "last_axis"], "salience2")
    graph.node("Squeeze", ["salience2", "last_axis"], "salience")
    _linear(graph, linear)
    found = graph.bytes()
    if len(found) > LARGEST:
        raise ValueError(f"the model has {len(found)} bytes, more than the {LARGEST} that a step may carry")
    return found


def _narrowed(
    trained: Trained, line: NDArray[np.float32]
) -> tuple[NDArray[np.uint16], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Bucket → row, the rows' vectors in WIDTH numbers, what they say for each label, and the first layer for these.

    `line`: the first layer's weights, of the vectors and then of the positions.
    """
    vectors = np.concatenate((trained.fixed, trained.own), axis=1)
    seen = vectors @ line[:, : vectors.shape[1]].T
    often = np.sqrt(trained.vocabulary.often + 1)
    worth = often * np.linalg.norm(np.concatenate((seen, trained.wide), axis=1), axis=1)
    kept = np.sort(np.argsort(-worth[1:], kind="stable")[:ROWS] + 1)
    rows = np.zeros(trained.vocabulary.size, dtype=np.uint16)
    rows[kept] = np.arange(1, len(kept) + 1)
    kept = np.concatenate(([0], kept))
    _, _, directions = np.linalg.svd(seen[kept] * often[kept, None], full_matrices=False)
    directions = directions[:WIDTH]
    return (
        rows[trained.vocabulary.number],
        (seen[kept] @ directions.T).astype(np.float32),
        trained.wide[kept],
        np.concatenate((directions.T, line[:, vectors.shape[1] :]), axis=1).astype(np.float32),
    )


def _linear(graph: _Graph, linear: Linear) -> None:
    """The passage's pieces, weighed by how telling they are, each half made one long, times the labels' weights."""
    graph.constant("piece_number", linear.number.astype(np.uint16))
    graph.table("piece", linear.weights)
    graph.constant("telling", linear.idf)
    graph.constant("piece_bias", linear.bias)
    graph.constant("tiny", np.array(1e-9, np.float32))
    graph.constant("unit", np.array(1, np.float32))
    graph.constant("characters", np.array(CHARACTERS, np.int32))
    graph.node("Gather", ["piece_number", "grams"], "pieces16")
    graph.node("Cast", ["pieces16"], "pieces", to=TensorProto.INT32)
    graph.node("Log", ["counts"], "log_counts")
    graph.node("Add", ["log_counts", "unit"], "often")
    graph.node("Gather", ["telling", "pieces"], "tells")
    graph.node("Mul", ["often", "tells"], "values")
    graph.node("Less", ["grams", "characters"], "is_word")
    graph.node("Cast", ["is_word"], "word_mask", to=TensorProto.FLOAT)
    graph.node("Sub", ["unit", "word_mask"], "run_mask")
    graph.node("Mul", ["values", "values"], "squares")
    for half in ("word", "run"):
        graph.node("Mul", ["squares", f"{half}_mask"], f"{half}_squares")
        graph.node("ReduceSum", [f"{half}_squares"], f"{half}_sum", keepdims=0)
        graph.node("Sqrt", [f"{half}_sum"], f"{half}_root")
        graph.node("Add", [f"{half}_root", "tiny"], f"{half}_length")
        graph.node("Div", [f"{half}_mask", f"{half}_length"], f"{half}_share")
    graph.node("Add", ["word_share", "run_share"], "shares")
    graph.node("Mul", ["values", "shares"], "weights")
    graph.node("Gather", ["piece_table", "pieces"], "piece_rows8")
    graph.node("Cast", ["piece_rows8"], "piece_rows", to=TensorProto.FLOAT)
    graph.node("MatMul", ["weights", "piece_rows"], "piece_sum")
    graph.node("Mul", ["piece_sum", "piece_scale"], "piece_scaled")
    graph.node("Add", ["piece_scaled", "piece_bias"], "said")


def _eight_bits(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A table in 8 bits and what to multiply each column by; the few largest values are cut off."""
    scale = np.maximum(np.quantile(np.abs(table), 0.9999, axis=0), 1e-6) / 127
    return np.clip(np.round(table / scale), -127, 127).astype(np.int8), scale.astype(np.float32)


class _Graph:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def table(self, name: str, values: NDArray[np.float32]) -> None:
        """A table in 8 bits and what to multiply its columns by."""
        table, scale = _eight_bits(values)
        self.constant(f"{name}_table", table)
        self.constant(f"{name}_scale", scale)

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def linear(self, given: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None, output: str) -> None:
        self.constant(f"{output}_w", weight.T)
        if bias is None:
            self.node("MatMul", [given, f"{output}_w"], output)
            return
        self.constant(f"{output}_b", bias)
        self.node("Gemm", [given, f"{output}_w", f"{output}_b"], output)

    def silu(self, given: str, output: str) -> None:
        self.node("Sigmoid", [given], f"{output}_gate")
        self.node("Mul", [given, f"{output}_gate"], output)

    def bytes(self) -> bytes:
        inputs = [
            helper.make_tensor_value_info("buckets", TensorProto.INT32, ["features"]),
            helper.make_tensor_value_info("lines", TensorProto.INT32, ["features"]),
            helper.make_tensor_value_info("positions", TensorProto.FLOAT, ["lines", POSITIONS]),
            helper.make_tensor_value_info("ending", TensorProto.FLOAT, [len(ENDINGS)]),
            helper.make_tensor_value_info("grams", TensorProto.INT32, ["grams"]),
            helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["grams"]),
        ]
        outputs = [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [len(LABEL_NAMES)]),
            helper.make_tensor_value_info("salience", TensorProto.FLOAT, ["lines"]),
            helper.make_tensor_value_info("said", TensorProto.FLOAT, [len(LABEL_NAMES)]),
        ]
        graph = helper.make_graph(self._nodes, "pipeguard", inputs, outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="pipeguard")
        helper.set_model_props(model, {"labels": ",".join(LABEL_NAMES), "features": str(VERSION)})
        onnx.checker.check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
        return data
