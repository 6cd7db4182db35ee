"""The literature behind the methods: one row a work, keyed by first author and year.

Registries point here by key, so that the docs index and the references of a report are derived from the methods used.
"""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Source:
    """One published work; `doi` is bare (no address in front), empty where there is none."""

    key: str
    authors: str
    year: int
    title: str
    published: str
    doi: str = ""

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.published}." + (
            f" doi:{self.doi}" if self.doi else ""
        )


SOURCES = by_key(
    # --- general -----------------------------------------------------------------------------------------------
    Source(
        "cochrane_handbook",
        "Higgins JPT, Thomas J, Chandler J, Cumpston M, Li T, Page MJ, Welch VA (editors)",
        2024,
        "Cochrane Handbook for Systematic Reviews of Interventions, version 6.5",
        "Cochrane",
    ),
    # --- effects -----------------------------------------------------------------------------------------------
    # --- effects: reconstruction ---------------------------------------------------------------------------------
    Source(
        "hozo2005",
        "Hozo SP, Djulbegovic B, Hozo I",
        2005,
        "Estimating the mean and variance from the median, range, and the size of a sample",
        "BMC Med Res Methodol 5:13",
        "10.1186/1471-2288-5-13",
    ),
    Source(
        "walter2007",
        "Walter SD, Yao X",
        2007,
        "Effect sizes can be calculated for studies reporting ranges for outcome variables in systematic reviews",
        "J Clin Epidemiol 60:849-852",
        "10.1016/j.jclinepi.2006.11.003",
    ),
    Source(
        "wan2014",
        "Wan X, Wang W, Liu J, Tong T",
        2014,
        "Estimating the sample mean and standard deviation from the sample size, median, range and/or interquartile range",
        "BMC Med Res Methodol 14:135",
        "10.1186/1471-2288-14-135",
    ),
    Source(
        "bland2015",
        "Bland M",
        2015,
        "Estimating mean and standard deviation from the sample size, three quartiles, minimum, and maximum",
        "Int J Stat Med Res 4:57-64",
        "10.6000/1929-6029.2015.04.01.6",
    ),
    Source(
        "luo2018",
        "Luo D, Wan X, Liu J, Tong T",
        2018,
        "Optimally estimating the sample mean from the sample size, median, mid-range, and/or mid-quartile range",
        "Stat Methods Med Res 27:1785-1805",
        "10.1177/0962280216669183",
    ),
    Source(
        "shi2020",
        "Shi J, Luo D, Weng H, Zeng XT, Lin L, Chu H, Tong T",
        2020,
        "Optimally estimating the sample standard deviation from the five-number summary",
        "Res Synth Methods 11:641-654",
        "10.1002/jrsm.1429",
    ),
    Source(
        "shi2020lognormal",
        "Shi J, Tong T, Wang Y, Genton MG",
        2020,
        "Estimating the mean and variance from the five-number summary of a log-normal distribution",
        "Stat Interface 13:519-531",
    ),
    Source(
        "shi2023",
        "Shi J, Luo D, Wan X, Liu Y, Liu J, Bian Z, Tong T",
        2023,
        "Detecting the skewness of data from the five-number summary and its application in meta-analysis",
        "Stat Methods Med Res 32:1338-1360",
        "10.1177/09622802231172043",
    ),
    Source(
        "mcgrath2020",
        "McGrath S, Zhao X, Steele R, Thombs BD, Benedetti A, DEPRESSD Collaboration",
        2020,
        "Estimating the sample mean and standard deviation from commonly reported quantiles in meta-analysis",
        "Stat Methods Med Res 29:2520-2537",
        "10.1177/0962280219889080",
    ),
    Source(
        "cai2021",
        "Cai S, Zhou J, Pan J",
        2021,
        "Estimating the sample mean and standard deviation from order statistics and sample size in meta-analysis",
        "Stat Methods Med Res 30:2701-2719",
        "10.1177/09622802211047348",
    ),
    Source(
        "yang2022",
        "Yang X, Hutson AD, Wang D",
        2022,
        "A generalized BLUE approach for combining location and scale information in a meta-analysis",
        "J Appl Stat 49:3846-3867",
        "10.1080/02664763.2021.1967890",
    ),
    Source(
        "dipietrantonj2006",
        "Di Pietrantonj C",
        2006,
        "Four-fold table cell frequencies imputation in meta analysis",
        "Stat Med 25:2299-2322",
        "10.1002/sim.2287",
    ),
    Source(
        "parmar1998",
        "Parmar MKB, Torri V, Stewart L",
        1998,
        "Extracting summary statistics to perform meta-analyses of the published literature for survival endpoints",
        "Stat Med 17:2815-2834",
        "10.1002/(SICI)1097-0258(19981230)17:24<2815::AID-SIM110>3.0.CO;2-8",
    ),
    Source(
        "tierney2007",
        "Tierney JF, Stewart LA, Ghersi D, Burdett S, Sydes MR",
        2007,
        "Practical methods for incorporating summary time-to-event data into meta-analysis",
        "Trials 8:16",
        "10.1186/1745-6215-8-16",
    ),
    Source(
        "higgins2008",
        "Higgins JPT, White IR, Anzures-Cabrera J",
        2008,
        "Meta-analysis of skewed data: combining results reported on log-transformed or raw scales",
        "Stat Med 27:6072-6092",
        "10.1002/sim.3427",
    ),
    Source(
        "elbourne2002",
        "Elbourne DR, Altman DG, Higgins JPT, Curtin F, Worthington HV, Vail A",
        2002,
        "Meta-analyses involving cross-over trials: methodological issues",
        "Int J Epidemiol 31:140-149",
        "10.1093/ije/31.1.140",
    ),
    Source(
        "eldridge2006",
        "Eldridge SM, Ashby D, Kerry S",
        2006,
        "Sample size for cluster randomized trials: effect of coefficient of variation of cluster size and analysis method",
        "Int J Epidemiol 35:1292-1300",
        "10.1093/ije/dyl129",
    ),
    Source(
        "zhang1998",
        "Zhang J, Yu KF",
        1998,
        "What's the relative risk? A method of correcting the odds ratio in cohort studies of common outcomes",
        "JAMA 280:1690-1691",
        "10.1001/jama.280.19.1690",
    ),
    Source(
        "altman1998",
        "Altman DG",
        1998,
        "Confidence intervals for the number needed to treat",
        "BMJ 317:1309-1312",
        "10.1136/bmj.317.7168.1309",
    ),
    Source(
        "furukawa2011",
        "Furukawa TA, Leucht S",
        2011,
        "How to obtain NNT from Cohen's d: comparison of two methods",
        "PLoS One 6:e19070",
        "10.1371/journal.pone.0019070",
    ),
    # --- pooling: one set of effects -----------------------------------------------------------------------------
    Source(
        "dersimonian1986",
        "DerSimonian R, Laird N",
        1986,
        "Meta-analysis in clinical trials",
        "Control Clin Trials 7:177-188",
        "10.1016/0197-2456(86)90046-2",
    ),
    Source(
        "dersimonian2007",
        "DerSimonian R, Kacker R",
        2007,
        "Random-effects model for meta-analysis of clinical trials: an update",
        "Contemp Clin Trials 28:105-114",
        "10.1016/j.cct.2006.04.004",
    ),
    Source(
        "hedges1983",
        "Hedges LV",
        1983,
        "A random effects model for effect sizes",
        "Psychol Bull 93:388-395",
        "10.1037/0033-2909.93.2.388",
    ),
    Source(
        "hunter2004",
        "Hunter JE, Schmidt FL",
        2004,
        "Methods of Meta-Analysis: Correcting Error and Bias in Research Findings, second edition",
        "Sage",
    ),
    Source(
        "brannick2019",
        "Brannick MT, Potter SM, Benitez B, Morris SB",
        2019,
        "Bias and precision of alternate estimators in meta-analysis: benefits of blending Schmidt-Hunter and Hedges approaches",
        "Organ Res Methods 22:490-514",
        "10.1177/1094428117741966",
    ),
    Source(
        "sidik2005",
        "Sidik K, Jonkman JN",
        2005,
        "Simple heterogeneity variance estimation for meta-analysis",
        "J R Stat Soc C 54:367-384",
        "10.1111/j.1467-9876.2005.00489.x",
    ),
    Source(
        "hardy1996",
        "Hardy RJ, Thompson SG",
        1996,
        "A likelihood approach to meta-analysis with random effects",
        "Stat Med 15:619-629",
        "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    ),
    Source(
        "viechtbauer2005",
        "Viechtbauer W",
        2005,
        "Bias and efficiency of meta-analytic variance estimators in the random-effects model",
        "J Educ Behav Stat 30:261-293",
        "10.3102/10769986030003261",
    ),
    Source(
        "morris1983",
        "Morris CN",
        1983,
        "Parametric empirical Bayes inference: theory and applications",
        "J Am Stat Assoc 78:47-55",
        "10.2307/2287098",
    ),
    Source(
        "paule1982",
        "Paule RC, Mandel J",
        1982,
        "Consensus values and weighting factors",
        "J Res Natl Bur Stand 87:377-385",
        "10.6028/jres.087.022",
    ),
    Source(
        "viechtbauer2021",
        "Viechtbauer W",
        2021,
        "Median-unbiased estimators for the amount of heterogeneity in meta-analysis",
        "European Congress of Methodology, Valencia",
    ),
    Source(
        "viechtbauer2007",
        "Viechtbauer W",
        2007,
        "Confidence intervals for the amount of heterogeneity in meta-analysis",
        "Stat Med 26:37-52",
        "10.1002/sim.2514",
    ),
    Source(
        "biggerstaff1997",
        "Biggerstaff BJ, Tweedie RL",
        1997,
        "Incorporating variability in estimates of heterogeneity in the random effects model in meta-analysis",
        "Stat Med 16:753-768",
        "10.1002/(SICI)1097-0258(19970415)16:7<753::AID-SIM494>3.0.CO;2-G",
    ),
    Source(
        "biggerstaff2008",
        "Biggerstaff BJ, Jackson D",
        2008,
        "The exact distribution of Cochran's heterogeneity statistic in one-way random effects meta-analysis",
        "Stat Med 27:6093-6110",
        "10.1002/sim.3428",
    ),
    Source(
        "jackson2013",
        "Jackson D",
        2013,
        "Confidence intervals for the between-study variance in random effects meta-analysis using generalised Cochran heterogeneity statistics",
        "Res Synth Methods 4:220-229",
        "10.1002/jrsm.1081",
    ),
    Source(
        "higgins2002",
        "Higgins JPT, Thompson SG",
        2002,
        "Quantifying heterogeneity in a meta-analysis",
        "Stat Med 21:1539-1558",
        "10.1002/sim.1186",
    ),
    Source(
        "follmann1999",
        "Follmann DA, Proschan MA",
        1999,
        "Valid inference in random effects meta-analysis",
        "Biometrics 55:732-737",
        "10.1111/j.0006-341X.1999.00732.x",
    ),
    Source(
        "hartung2001",
        "Hartung J, Knapp G",
        2001,
        "A refined method for the meta-analysis of controlled clinical trials with binary outcome",
        "Stat Med 20:3875-3889",
        "10.1002/sim.1009",
    ),
    Source(
        "roever2015",
        "Röver C, Knapp G, Friede T",
        2015,
        "Hartung-Knapp-Sidik-Jonkman approach and its modification for random-effects meta-analysis with few studies",
        "BMC Med Res Methodol 15:99",
        "10.1186/s12874-015-0091-1",
    ),
    Source(
        "jackson2017",
        "Jackson D, Law M, Rücker G, Schwarzer G",
        2017,
        "The Hartung-Knapp modification for random-effects meta-analysis: a useful refinement but are there any residual concerns?",
        "Stat Med 36:3923-3934",
        "10.1002/sim.7411",
    ),
    Source(
        "iqwig2022",
        "Institute for Quality and Efficiency in Health Care (IQWiG)",
        2022,
        "General Methods, version 6.1",
        "IQWiG, Cologne",
    ),
    Source(
        "kenward1997",
        "Kenward MG, Roger JH",
        1997,
        "Small sample inference for fixed effects from restricted maximum likelihood",
        "Biometrics 53:983-997",
        "10.2307/2533558",
    ),
    Source(
        "partlett2017",
        "Partlett C, Riley RD",
        2017,
        "Random effects meta-analysis: coverage performance of 95% confidence and prediction intervals following REML estimation",
        "Stat Med 36:301-317",
        "10.1002/sim.7140",
    ),
    Source(
        "henmi2010",
        "Henmi M, Copas JB",
        2010,
        "Confidence intervals for random effects meta-analysis and robustness to publication bias",
        "Stat Med 29:2969-2983",
        "10.1002/sim.4029",
    ),
    Source(
        "doi2015",
        "Doi SAR, Barendregt JJ, Khan S, Thalib L, Williams GM",
        2015,
        "Advances in the meta-analysis of heterogeneous clinical trials I: the inverse variance heterogeneity model",
        "Contemp Clin Trials 45:130-138",
        "10.1016/j.cct.2015.05.009",
    ),
    Source(
        "higgins2009",
        "Higgins JPT, Thompson SG, Spiegelhalter DJ",
        2009,
        "A re-evaluation of random-effects meta-analysis",
        "J R Stat Soc A 172:137-159",
        "10.1111/j.1467-985X.2008.00552.x",
    ),
    Source(
        "veroniki2019",
        "Veroniki AA, Jackson D, Bender R, Kuss O, Langan D, Higgins JPT, Knapp G, Salanti G",
        2019,
        "Methods to calculate uncertainty in the estimated overall effect size from a random-effects meta-analysis",
        "Res Synth Methods 10:23-43",
        "10.1002/jrsm.1319",
    ),
    Source(
        "skipka2006",
        "Skipka G",
        2006,
        "The inclusion of the estimated inter-study variation into forest plots for random effects meta-analysis: a suggestion for a graphical representation",
        "XIV Cochrane Colloquium, Dublin",
    ),
    Source(
        "nagashima2019",
        "Nagashima K, Noma H, Furukawa TA",
        2019,
        "Prediction intervals for random-effects meta-analysis: a confidence distribution approach",
        "Stat Methods Med Res 28:1689-1702",
        "10.1177/0962280218773520",
    ),
    Source(
        "viechtbauer2010",
        "Viechtbauer W",
        2010,
        "Conducting meta-analyses in R with the metafor package",
        "J Stat Softw 36(3):1-48",
        "10.18637/jss.v036.i03",
    ),
    Source(
        "balduzzi2019",
        "Balduzzi S, Rücker G, Schwarzer G",
        2019,
        "How to perform a meta-analysis with R: a practical tutorial",
        "Evid Based Ment Health 22:153-160",
        "10.1136/ebmental-2019-300117",
    ),
    # --- pooling: from the cells -----------------------------------------------------------------------------------
    # --- pooling: regression -----------------------------------------------------------------------------------------
    # --- appraisal -----------------------------------------------------------------------------------------------------
    # --- integrity -----------------------------------------------------------------------------------------------------
)
