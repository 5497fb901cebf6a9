# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
from PIL import Image

from vitpose_tools.labels import LabelsError

# class, box (centre, w, h), two keypoints, in parts of 40 x 30.
LINE = '0 0.5 0.5 0.5 0.4 {} {}'


def dataset(labels, root, yaml, a='0.25 0.5', b='0.5 0.6',
            layout='images/{}/{}.png'):
    root.mkdir(parents=True, exist_ok=True)
    (root / 'data.yaml').write_text(yaml)
    for split in ('train', 'val'):
        for i in range(2):
            name = layout.format(split, i)
            labels.draw(root / name)
            text = root / name.replace('images', 'labels').replace(
                '.png', '.txt')
            text.parent.mkdir(parents=True, exist_ok=True)
            text.write_text(LINE.format(a, b) + '\n')
    return root


@pytest.mark.parametrize('paths, layout', [
    ('train: images/train\nval: images/val\n', 'images/{}/{}.png'),
    ('path: /somewhere/else\ntrain: images/train\nval: images/val\n',
     'images/{}/{}.png'),
    ('path: ../datasets/in\ntrain: images/train\nval: images/val\n',
     'images/{}/{}.png'),
    ('train: ../train/images\nval: ../val/images\n', '{}/images/{}.png'),
    ('train: C:\\x\\train\\images\nval: C:\\x\\val\\images\n',
     '{}/images/{}.png')])
def test_folders_of_all_arrangements(labels, tmp_path, paths, layout):
    root = dataset(labels, tmp_path / 'in', paths + (
        'kpt_shape: [2, 3]\nnames: {0: wolf}\nkpt_names: {0: [nose, ear]}\n'),
        '0.25 0.5 2.000000', '0.5 0.6 1', layout)
    summary = labels.run(root, tmp_path / 'out')

    assert summary['split'] == 'the one of the source'
    assert summary['category'] == 'wolf' and summary['notes'] == {}
    for split in ('train', 'val'):
        content = labels.read(tmp_path / 'out', split)
        assert [one['file_name'] for one in content['images']] == [
            f'{split}/{i}.png' for i in range(2)]
        for one in content['annotations']:
            assert one['keypoints'] == [10, 15, 2, 20, 18, 1]
            assert one['bbox'] == [10, 9, 20, 12]
        assert content['categories'][0]['keypoints'] == ['nose', 'ear']


def test_keypoints_without_visibility_or_names(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: images/train\nval: images/val\nkpt_shape: [2, 2]\n'
        'names: [wolf]\n'), '0 0', '0.5 0.6')
    summary = labels.run(root / 'data.yaml', tmp_path / 'out')

    assert summary['keypoints'] == ['keypoint_1', 'keypoint_2']
    assert labels.read(tmp_path / 'out', 'val')['annotations'][0][
        'keypoints'] == [0, 0, 0, 20, 18, 2]


def test_one_folder_for_both_is_no_split(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: images\nval: images\nkpt_shape: [2, 2]\n'))
    summary = labels.run(root, tmp_path / 'out', split='auto', val=0.5)

    assert summary['split'] == '1 of 2 videos'


def test_turned_pictures_are_measured_as_they_are_shown(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: images/train\nval: images/val\nkpt_shape: [2, 2]\n'))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (40, 30)).save(
        root / 'images' / 'train' / '0.png', exif=exif)
    labels.run(root, tmp_path / 'out')

    content = labels.read(tmp_path / 'out', 'train')
    assert [(one['width'], one['height']) for one in content['images']] == [
        (30, 40), (40, 30)]
    assert content['annotations'][0]['keypoints'] == [7.5, 20, 2, 15, 24, 2]


def test_what_is_skipped_is_counted(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: images/train\nval: images/val\ntest: images/test\n'
        'kpt_shape: [2, 2]\n'))
    text = root / 'labels' / 'train' / '0.txt'
    text.write_text(text.read_text() + '\n0 1 2\n0 a b\n')
    (root / 'labels' / 'train' / '1.txt').unlink()
    summary = labels.run(root, tmp_path / 'out')

    assert summary['skipped'] == {
        'lines with another number of values than kpt_shape says': 1,
        'lines that are no numbers': 1, 'pictures without labels': 1}
    assert summary['notes'][
        'folders of data.yaml that do not exist'] == 1


@pytest.mark.parametrize('yaml, text', [
    ('train: a\nval: b\nkpt_shape: 2\n', 'kpt_shape is 2'),
    ('kpt_shape: [2, 4]\n', 'not .K, 2. or'),
    ('kpt_shape: [1, 2\n', 'not valid YAML at line'),
    ('kpt_shape: !!python/object/apply:os.system ["touch pwned"]\n',
     'not valid YAML'),
    ('kpt_shape: [2, 2]\ntrain: nowhere\n', "train is 'nowhere'")])
def test_faulty_files_are_one_sentence(
        labels, tmp_path, monkeypatch, yaml, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'data.yaml').write_text(yaml)

    with pytest.raises(LabelsError, match=text) as error:
        labels.run(tmp_path / 'in', tmp_path / 'out')
    assert '\n' not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in']


@pytest.mark.parametrize('line', [
    './images/{}/{}.png', '/gone/set/images/{}/{}.png',
    'C:\\gone\\images\\{}\\{}.png'])
def test_lists_of_another_machine(labels, tmp_path, line):
    root = dataset(labels, tmp_path / 'in', (
        'train: train.txt\nval: val.txt\nkpt_shape: [2, 2]\nnames: wolf\n'))
    for split in ('train', 'val'):
        (root / f'{split}.txt').write_bytes('\r\n'.join(
            line.format(split, i) for i in range(2)).encode())
    summary = labels.run(root, tmp_path / 'out')

    assert summary['skipped'] == {} and summary['category'] == 'wolf'
    assert summary['files'] == {
        split: dict(images=2, annotations=2) for split in ('train', 'val')}
    assert sorted(one['file_name'] for one in labels.read(
        tmp_path / 'out', 'train')['images']) == ['train/0.png', 'train/1.png']


def test_folders_of_a_list_tell_its_videos(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: all.txt\nkpt_shape: [2, 2]\n'), layout='images/{}/{}.png')
    (root / 'all.txt').write_text('\n'.join(
        f'images/{video}/{i}.png' for video in ('train', 'val')
        for i in range(2)))

    assert labels.run(root, tmp_path / 'out', val=0.5)[
        'split'] == '1 of 2 videos'


def test_pictures_behind_a_link_and_hidden_files(labels, tmp_path):
    root = dataset(labels, tmp_path / 'in', (
        'train: images/train\nval: images/val\nkpt_shape: [2, 2]\n'))
    (root / 'images').rename(tmp_path / 'raw')
    (root / 'images').symlink_to(tmp_path / 'raw')
    (tmp_path / 'raw' / 'train' / '._0.png').write_bytes(b'\0\5')
    (root / 'labels' / 'train' / '._0.txt').write_bytes(b'\0\xff')
    (root / '._data.yaml').write_bytes(b'\0\xff')
    summary = labels.run(root, tmp_path / 'out')

    assert summary['skipped'] == {}
    assert summary['files']['train'] == dict(images=2, annotations=2)


@pytest.mark.parametrize('order, pairs, noted', [
    ('[1, 0]', [['a', 'b']], False), ('[0, 1]', None, False),
    ('[1, 2]', None, True), ('[1]', None, True), ('x', None, True)])
def test_the_flip_order_is_carried_on(labels, tmp_path, order, pairs, noted):
    root = dataset(labels, tmp_path / 'in', (
        'train: images/train\nval: images/val\nkpt_shape: [2, 2]\n'
        f'names: [wolf]\nkpt_names: [a, b]\nflip_idx: {order}\n'))
    summary = labels.run(root, tmp_path / 'out')

    category, = labels.read(tmp_path / 'out', 'train')['categories']
    assert category.get('flip_pairs') == pairs
    assert any('flip_idx' in note for note in summary['notes']) == noted
    # Nor does a second import of what the first one wrote lose them.
    labels.run(tmp_path / 'out', tmp_path / 'again')
    category, = labels.read(tmp_path / 'again', 'train')['categories']
    assert category.get('flip_pairs') == pairs
