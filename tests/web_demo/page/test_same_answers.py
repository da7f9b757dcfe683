"""The page answers what fer-predict answers: for photographs that others made, and for drawn faces."""

import json

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw

from fer_edge.runtime.camera import upright
from fer_edge.synthetic import EMOTIONS, SyntheticFaces, render_face
from support.browser import DONE

TOLERANCE = 1e-3
ORIENTATION = 0x0112


@pytest.fixture(scope="session")
def predict(run_command, builtin_bundle):
    """``predict(*files)``: fer-predict's faces by file name."""

    def run(*files, variant="tflite-fp32"):
        options = ("--model", builtin_bundle, "--variant", variant, "--probabilities", "--json")
        done = run_command("fer_edge.predict.cli", *files, *options)
        assert done.returncode == 0, done.stderr
        return {image["file_name"]: image["faces"] for image in json.loads(done.stdout)["images"]}

    return run


def assert_same(shown, predicted, tolerance=TOLERANCE):
    assert [face["box"] for face in shown] == [[int(side) for side in face["bbox"]] for face in predicted]
    for page_face, face in zip(shown, predicted, strict=True):
        wanted = face["probabilities"]
        assert page_face["probabilities"] == pytest.approx(wanted, abs=tolerance)
        assert page_face["first"].split()[0] == max(wanted, key=wanted.get)


def test_the_astronaut(opened, predict, astronaut):
    opened.choose(astronaut)
    assert_same(opened.faces, predict(astronaut)["astronaut.png"], 1e-5)
    assert opened.problem == ""


def test_ten_drawn_faces(opened, predict, tmp_path):
    split = SyntheticFaces("test", 10, frontal=True)
    for index in range(10):
        emotion = EMOTIONS[index % len(EMOTIONS)]
        face = render_face(split.face_seed(index), emotion=emotion, clear=True, frontal=True, size=200)
        Image.fromarray(upright(face.frame)).save(tmp_path / f"{index}-{emotion}.png")
    files = sorted(tmp_path.glob("*.png"))
    predicted = predict(*files)
    for file in files:
        opened.choose(file)
        assert_same(opened.faces, predicted[file.name])


def test_three_faces_are_numbered_from_left_to_right(opened, predict, astronaut, tmp_path):
    face = Image.open(astronaut).convert("RGB").crop((130, 20, 330, 220))
    group = Image.new("RGB", (760, 300), "gray")
    for left, top, size in ((530, 70, 200), (20, 40, 220), (270, 80, 180)):
        group.paste(face.resize((size, size)), (left, top))
    group.save(tmp_path / "group.png")
    opened.choose(tmp_path / "group.png")
    predicted = predict(tmp_path / "group.png")["group.png"]
    assert len(predicted) == 3
    assert_same(opened.faces, predicted)


def written(source, folder):
    """The same photographs as cameras, scanners and programs write them."""
    sizes = {"large": (3000, 2400), "small": (180, 180)}
    for name, size in sizes.items():
        source.resize(size, Image.Resampling.LANCZOS).save(folder / f"{name}.jpg", quality=92)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        turned = turned_back(source, orientation)
        turned.save(folder / f"exif-{orientation}.jpg", quality=95, exif=exif, subsampling=0)
    source.save(folder / "progressive.jpg", progressive=True, subsampling=2)
    source.convert("L").save(folder / "gray.jpg", quality=90)
    source.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    source.quantize(200).save(folder / "palette.png")
    source.save(folder / "photograph.webp", lossless=True)
    source.save(folder / "photograph.bmp")
    source.save(folder / "photograph.gif")
    wide = np.asarray(source.convert("L")).astype(np.uint16) * 257
    Image.fromarray(wide).save(folder / "wide.png")
    faded = source.convert("RGBA")
    hole = Image.new("L", source.size, 255)
    ImageDraw.Draw(hole).rectangle((0, 0, source.width // 4, source.height), fill=90)
    faded.putalpha(hole)
    faded.save(folder / "transparent.png")


def turned_back(picture, orientation):
    """What a camera stores so that the tag makes it upright again."""
    ways = Image.Transpose
    undo = {
        1: None,
        2: ways.FLIP_LEFT_RIGHT,
        3: ways.ROTATE_180,
        4: ways.FLIP_TOP_BOTTOM,
        5: ways.TRANSPOSE,
        6: ways.ROTATE_90,
        7: ways.TRANSVERSE,
        8: ways.ROTATE_270,
    }[orientation]
    return picture if undo is None else picture.transpose(undo)


def test_photographs_in_every_form_that_browsers_read(opened, predict, astronaut, tmp_path):
    """Decoders round differently in JPEG's color conversion and in transparency: then a hundredth is allowed."""
    written(Image.open(astronaut).convert("RGB"), tmp_path)
    files = sorted(tmp_path.iterdir())
    predicted = predict(*files)
    for file in files:
        opened.choose(file)
        assert opened.problem == "", file.name
        assert predicted[file.name], file.name
        exact = (
            file.name.startswith("exif") or file.suffix in {".bmp", ".webp", ".gif"} or "palette" in file.name
        )
        assert_same(opened.faces, predicted[file.name], TOLERANCE if exact else 1e-2)


def test_photographs_of_other_packages(opened, predict, tmp_path):
    """Grace Hopper in matplotlib, and scikit-image's photographs without a face."""
    import skimage

    packaged = [f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg"]
    packaged += [f"{skimage.__path__[0]}/data/{name}" for name in ("chelsea.png", "coffee.png", "rocket.jpg")]
    predicted = predict(*packaged)
    for file in packaged:
        opened.choose(file)
        assert_same(opened.faces, predicted[file.rsplit("/", 1)[1]])
    assert "No face was found" in opened.text("#summary")
    assert len(predicted["grace_hopper.jpg"]) == 1


def test_labeled_faces_in_the_wild(opened, predict, tmp_path):
    """A hundred faces of scikit-image's subset, which have 25 x 25 pixels, enlarged on one sheet."""
    from skimage.data import lfw_subset

    sheet = Image.new("L", (10 * 96, 10 * 96), 128)
    for index, face in enumerate(lfw_subset()[:100]):
        pixels = Image.fromarray((255 * face).astype(np.uint8)).resize((80, 80), Image.Resampling.BICUBIC)
        sheet.paste(pixels, (96 * (index % 10) + 8, 96 * (index // 10) + 8))
    sheet.save(tmp_path / "sheet.png")
    opened.choose(tmp_path / "sheet.png")
    assert_same(opened.faces, predict(tmp_path / "sheet.png")["sheet.png"])


def test_every_variant_of_the_bundle_that_browsers_run(page, address, predict, astronaut):
    page.open(address)
    page.choose(astronaut)
    offered = page.evaluate("[...document.querySelectorAll('#variant option')].map((option) => option.value)")
    assert offered == ["onnx-fp32", "tflite-fp32"]
    for variant, engine in (("onnx-fp32", "ONNX Runtime Web 1.30.0"), ("tflite-fp32", "LiteRT.js 2.5.3")):
        page.select("#variant", variant)
        page.wait(f"{DONE} && document.querySelector('#model-line').textContent.includes('{variant}')")
        assert engine in page.text("#facts")
        assert_same(page.faces, predict(astronaut, variant=variant)["astronaut.png"], 1e-5)
