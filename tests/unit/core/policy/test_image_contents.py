import pytest
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.image_contents import KEY, ImageContents, contents_of, text_in, text_of


def test_a_task_carries_the_contents_of_its_image():
    contents = ImageContents("i:1", python="3.12", requirements=("numpy",), variables=(("A", "b"),))
    task = tasks_pb2.TaskTemplate(config={KEY: text_of(contents)})
    assert contents_of(text_in(task, contents.image)) == contents
    assert text_in(tasks_pb2.TaskTemplate(), "i") == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "can't be read"),
        ("[]", "can't be read"),
        ('{"image": 1}', "can't be read"),
        ('{"image": "i", "python": "../../x"}', "no version of Python"),
        ('{"image": "i", "python": "3.12 --system"}', "no version of Python"),
        ('{"image": "i", "requirements": ["numpy", "-r /etc/passwd"]}', "-r /etc/passwd"),
        ('{"image": "i", "requirements": [" --target=/ "]}', "--target"),
    ],
)
def test_what_a_client_makes_up_is_refused(text, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        contents_of(text)
    assert refused.value.code == "BadImageContents"
