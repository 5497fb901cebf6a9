# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import csv

import numpy as np
import pytest

from vitpose_tools.labels import LabelsError


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return path


def single(path, names, rows, sep=','):
    """A CSV of one animal with body parts tail and nose."""
    return write(path, [
        sep.join(['scorer'] + ['me'] * 4),
        sep.join(['bodyparts', 'tail', 'tail', 'nose', 'nose']),
        sep.join(['coords', 'x', 'y', 'x', 'y']),
        *(sep.join([name, *row]) for name, row in zip(names, rows))])


def test_mirror_mouse_keeps_every_number(real_data, labels, tmp_path):
    source = real_data / 'mirror-mouse'
    summary = labels.run(source, tmp_path / 'out', split='none')

    with open(source / 'CollectedData.csv', encoding='utf-8') as file:
        lines = list(csv.reader(file))
    coco = labels.read(tmp_path / 'out', 'train')
    assert coco['categories'][0]['keypoints'] == lines[1][1::2]
    found = labels.by_name(coco)
    assert len(found) == len(lines) - 3 == 90
    for line in lines[3:]:
        (keypoints,) = found[line[0].split('/')[1]]
        for x, y, (fx, fy, v) in zip(line[1::2], line[2::2], keypoints):
            if x == '':
                assert (fx, fy, v) == (0, 0, 0)
            else:
                assert v == 2
                assert fx == pytest.approx(float(x), abs=1e-3)
                assert fy == pytest.approx(float(y), abs=1e-3)
    assert summary['skipped'] == {}
    assert {(i['width'], i['height']) for i in coco['images']} == {(396, 406)}


def test_several_animals_of_a_project(labels, tmp_path):
    """Three cells of path, individuals, a skeleton in the configuration."""
    project = tmp_path / 'Projekt Mäuse'
    write(project / 'config.yaml', [
        'scorer: me', 'bodyparts: MULTI!', 'multianimalbodyparts:', '- tail',
        '- nose', 'skeleton:', '- - nose', '  - tail', '- - nose', '  - ear'])
    for video in ('one', 'two'):
        write(project / 'labeled-data' / video / 'CollectedData_me.csv', [
            'scorer,,,' + ','.join(['me'] * 10),
            'individuals,,,a,a,a,a,b,b,b,b,single,single',
            'bodyparts,,,nose,nose,tail,tail,nose,nose,tail,tail,door,door',
            'coords,,,' + ','.join(['x', 'y'] * 5),
            f'labeled-data,{video},img007.png,1,2,3,4,5,6,,,9,9',
            f'labeled-data,{video},img009.png,11,12,13,14,,,,,,'])
        for name in ('img007.png', 'img009.png'):
            labels.draw(project / 'labeled-data' / video / name)
    summary = labels.run(project, tmp_path / 'out', split='none')

    coco = labels.read(tmp_path / 'out', 'train')
    assert coco['categories'][0]['keypoints'] == ['tail', 'nose']
    assert coco['categories'][0]['skeleton'] == [[2, 1]]
    found = labels.by_name(coco)
    assert found['two/img007.png'][0].tolist() == [[3, 4, 2], [1, 2, 2]]
    assert found['two/img007.png'][1].tolist() == [[0, 0, 0], [5, 6, 2]]
    assert len(found['one/img009.png']) == 1
    assert [one['individual'] for one in coco['annotations'][:3]] == [
        'a', 'b', 'a']
    assert [(one['video'], one['frame_index']) for one in coco['images']] == [
        ('one', 7), ('one', 9), ('two', 7), ('two', 9)]
    assert summary['skipped'] == {
        'bones between unknown body parts': 1,
        'keypoints of unique body parts': 2}


@pytest.mark.parametrize('name', [
    r'C:\Users\x\labeled-data\clip\img1.png', '/home/x/clip/img1.png',
    r'labeled-data\clip\img1.png', 'img1.png', './clip/../clip/img1.png'])
def test_paths_of_another_machine(labels, tmp_path, name):
    labels.draw(tmp_path / 'labeled-data' / 'clip' / 'img1.png')
    source = single(tmp_path / 'labeled-data' / 'clip' / 'CollectedData.csv',
                    [name], [['1', '2', '3', '4']])
    labels.run(source, tmp_path / 'out', split='none')

    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['img1.png'][0].tolist() == [[1, 2, 2], [3, 4, 2]]


def test_a_missing_picture_is_not_taken_from_another_video(labels, tmp_path):
    labels.draw(tmp_path / 'labeled-data' / 'one' / 'img1.png')
    source = single(
        tmp_path / 'labeled-data' / 'one' / 'CollectedData.csv',
        ['labeled-data/one/img1.png', 'labeled-data/two/img1.png'],
        [['1', '2', '3', '4'], ['5', '6', '7', '8']])
    summary = labels.run(source, tmp_path / 'out', split='none')

    assert summary['skipped'] == {'pictures not found': 1}
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['one/img1.png'][0].tolist() == [[1, 2, 2], [3, 4, 2]]


def test_what_is_left_out_is_counted(labels, tmp_path):
    for i in range(4):
        labels.draw(tmp_path / f'img{i}.png')
    (tmp_path / 'img3.png').write_bytes(b'')
    source = single(
        tmp_path / 'CollectedData.csv',
        ['img0.png', 'img0.png', 'img1.png', 'img2.png', 'img3.png'],
        [['41', '2', '3', '4'], ['1', '2', '3', '4'], ['', '', '', ''],
         ['NaN', '', '-1', '3'], ['1', '2', '3', '4']])
    summary = labels.run(source, tmp_path / 'out', split='none')

    assert summary['skipped'] == {
        'rows of a picture that came before': 1,
        'instances without a labelled keypoint': 1,
        'instances outside their picture': 1,
        'keypoints outside their picture': 2,
        'pictures without labels': 2,
        'pictures that cannot be read': 1}
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert list(found) == ['img0.png']
    assert found['img0.png'][0].tolist() == [[0, 0, 0], [3, 4, 2]]
    assert [path.name for path in (tmp_path / 'out' / 'images').iterdir()
            ] == ['img0.png']


def test_semicolons_and_decimal_commas(labels, tmp_path):
    labels.draw(tmp_path / 'img0.png')
    source = single(tmp_path / 'CollectedData.csv', ['img0.png'],
                    [['1,5', '2', '3', '4,25']], sep=';')
    labels.run(source, tmp_path / 'out', split='none')

    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert np.allclose(found['img0.png'][0], [[1.5, 2, 2], [3, 4.25, 2]])


@pytest.mark.parametrize('lines, text', [
    ([], 'no lines "bodyparts"'),
    (['scorer,me,me', 'bodyparts,a,a', 'coords,x,y'], 'no labels'),
    (['scorer,m,m,m', 'bodyparts,a,a,a', 'coords,x,y,likelihood',
      '0,1,2,0.9'], 'predictions'),
    (['scorer,m,m', 'bodyparts,a,a', 'coords,x,y', '17,1,2'], "'17'"),
    (['scorer,m,m', 'bodyparts,a,a', 'coords,x,y', 'a.png,1,two'],
     'row 4: .*two'),
    (['scorer,m,m', 'bodyparts,a,a', 'coords,x,y', '9' * 200000],
     'no table .field larger'),
    (['scorer,m,m', 'bodyparts,a,a', 'coords,x,x', 'a.png,1,2'],
     'one x and one y'),
    (['scorer,m,m', 'bodyparts,a,a', 'coords,x,y', 'gone.png,1,2'],
     "gone.png' is the first that was not found: .*--images"),
])
def test_a_faulty_table_is_one_sentence(labels, tmp_path, lines, text):
    source = write(tmp_path / 'CollectedData.csv', lines)

    with pytest.raises(LabelsError, match=text) as error:
        labels.run(source, tmp_path / 'out')
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'out').exists()


def test_of_two_scorers_the_configuration_decides(labels, tmp_path):
    folder = tmp_path / 'labeled-data' / 'clip'
    labels.draw(folder / 'img1.png')
    for scorer, x in dict(me='1', you='9').items():
        single(folder / f'CollectedData_{scorer}.csv',
               ['labeled-data/clip/img1.png'], [[x, '2', '3', '4']])
    write(tmp_path / 'config.yaml', ['scorer: you', 'bodyparts: [tail]'])
    labels.run(tmp_path, tmp_path / 'out', split='none')

    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['img1.png'][0].tolist() == [[9, 2, 2], [3, 4, 2]]
    write(tmp_path / 'config.yaml', ['scorer: she'])
    with pytest.raises(LabelsError, match='several scorers.*she'):
        labels.run(tmp_path, tmp_path / 'other')


@pytest.mark.parametrize('sep', [',', '\t'])
@pytest.mark.parametrize('name', ['LABELS.CSV', 'CollectedData.csv'])
def test_endings_and_tabs(labels, tmp_path, sep, name):
    labels.draw(tmp_path / '1.png')
    single(tmp_path / name, ['1.png'], ['1234'], sep)
    for source in (tmp_path, tmp_path / name):
        labels.run(source, tmp_path / 'out', split='none', overwrite=True)

        found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
        assert found['1.png'][0].tolist() == [[1, 2, 2], [3, 4, 2]]


def test_the_folder_of_labels_is_its_project(labels, tmp_path):
    folder = tmp_path / 'labeled-data' / 'clip'
    labels.draw(folder / '1.png')
    write(tmp_path / 'config.yaml', ['scorer: me', 'skeleton: []'])
    single(folder / 'CollectedData_me.csv', ['1.png'], ['1234'])

    assert labels.run(tmp_path / 'labeled-data', tmp_path / 'out',
                      split='none')['files']['train']['images'] == 1


def test_aliases_that_repeat_themselves_are_not_followed(labels, tmp_path):
    lines = ['a0: &a0 [x, x]'] + [
        f'a{i}: &a{i} [*a{i - 1}, *a{i - 1}]' for i in range(1, 60)]
    (tmp_path / 'config.yaml').write_text('\n'.join(lines))
    (tmp_path / 'labeled-data').mkdir()
    with pytest.raises(LabelsError, match=r'aliases \(\*\) so often'):
        labels.run(tmp_path, tmp_path / 'out')
