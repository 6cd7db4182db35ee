"""Cluster-robust tests where variances inside one cluster span many orders of magnitude.

The expected numbers are the definitions of Pustejovsky & Tipton (2018) evaluated with mpmath 1.3 at 110 digits. clubSandwich
0.5.8 (vcovCR, coef_test) on rma(method="EE") of metafor 3.8 agrees to 8 digits for variances of 1e-5 and 1e6; at 1e-9 its
own rounding leaves 4 (CR2) and 2 (CR3).
"""

from __future__ import annotations

import numpy as np
import pytest

from mscsec.pooling.regression import regress, robust

# BCG vaccine, log risk ratios by escalc of metafor 3.8 on dat.bcg; the clusters are arbitrary.
Y = np.array(
    [-0.889311333920205, -1.58538865720143, -1.34807314829969, -1.44155119002131, -0.217547322211296, -0.786115585818864,
     -1.62089822359839, 0.0119523335238405, -0.469417648738149, -1.37134480347278, -0.339358828338391, 0.445913400571379,
     -0.0173139482168798]
)  # fmt: skip
V = np.array(
    [0.325584765003961, 0.194581121398144, 0.415367965367965, 0.0200100319022476, 0.0512101721696309, 0.00690561845590876,
     0.223017247572315, 0.00396157929781773, 0.056434210463249, 0.0730247936130289, 0.0124122139715597, 0.532505845200153,
     0.0714046596839863]
)  # fmt: skip
ABLAT = np.array([44.0, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33])
N = np.array([262.0, 609, 451, 26465, 10877, 2992, 3174, 176782, 14776, 3381, 77972, 4839, 34767])
CLUSTER = list("abcdeabcdeabc")
EXACT = {  # kind, study, its variance, weighted by N: SE and df of the intercept and of ablat
    ("CR2", 1, 1e-5, False): ((0.053015460716644945, 0.0009473801312987621), (1.3618746646936075, 1.3699403390530471)),
    ("CR2", 1, 1e-9, False): ((0.05434678376928901, 0.0009875201666562042), (1.3615022955699259, 1.3614915433317933)),
    ("CR2", 0, 1e6, False): ((0.1635223536929878, 0.006189069151409255), (1.6964904387547681, 2.5042502484723252)),
    ("CR2", 7, 1e-9, True): ((0.13751963463306136, 0.00895096811666375), (2.4284661225273516, 1.4355113961354637)),
    ("CR3", 1, 1e-5, False): ((0.16595756204631204, 0.008754548290117138), (1.399057153489576, 1.846468441831889)),
    ("CR3", 1, 1e-9, False): ((0.1661011119649791, 0.008766232376475206), (1.39955496675982, 1.8457457905500427)),
    ("CR3", 0, 1e6, False): ((0.27120009246890964, 0.009155201035133263), (1.2766741871309568, 2.273475092189073)),
    ("CR3", 7, 1e-9, True): ((0.2999292464315005, 0.01613341708688653), (1.8524048941460602, 1.2791799222808902)),
}


@pytest.mark.parametrize(("kind", "study", "variance", "weighted"), EXACT)
def test_a_cluster_of_variances_far_apart(kind, study, variance, weighted):
    v = V.copy()
    v[study] = variance
    fit = regress(Y, v, ABLAT, model="common", weights=N if weighted else None)
    found = robust(fit, CLUSTER, kind=kind).coefficients.values()
    se, df = EXACT[kind, study, variance, weighted]
    assert [part.se for part in found] == pytest.approx(se, rel=1e-11)
    assert [part.df for part in found] == pytest.approx(df, rel=1e-11)


@pytest.mark.parametrize(
    ("kind", "se", "df"),
    [
        ("CR2", (0.12067191489797226, 0.0055595061933874325), (2.045748359187943, 2.3744337707335137)),
        ("CR3", (0.1696099311816717, 0.006287364826809131), (1.5456217005746387, 1.9326477489445002)),
    ],
)
def test_a_direction_of_one_cluster_drops_out_however_precise_its_studies(kind, se, df):
    v = V.copy()
    v[7] = 1e-9
    design = np.column_stack([ABLAT, [label == "c" for label in CLUSTER]])
    found = robust(regress(Y, v, design, names=["ablat", "c"], model="common"), CLUSTER, kind=kind)
    assert found.coefficients["c"] is None
    known = [found.coefficients[name] for name in ("intercept", "ablat")]
    assert [part.se for part in known] == pytest.approx(se, rel=1e-11)
    assert [part.df for part in known] == pytest.approx(df, rel=1e-11)


@pytest.mark.parametrize(
    ("kind", "se", "df"),
    [
        ("CR2", (0.0003565991136137824, 7.911001309674689e-06), (1.0000000107530842, 1.0000000104297697)),
        ("CR3", (2.5181309805435372, 0.05750324344892547), (1.0, 1.0)),
    ],
)
def test_a_cluster_of_nearly_all_the_weight_does_not_determine_a_coefficient_alone(kind, se, df):
    v = V.copy()
    v[[0, 5]] = 1e-12, 2e-12  # of cluster a, and enough to fix the line
    found = robust(regress(Y, v, ABLAT + np.arange(13), model="common"), CLUSTER, kind=kind)
    assert found.warnings == ()
    assert [part.se for part in found.coefficients.values()] == pytest.approx(se, rel=1e-11)
    assert [part.df for part in found.coefficients.values()] == pytest.approx(df, rel=1e-11)
