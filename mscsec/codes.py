"""The stable codes of problems and notices; `mscsec explain CODE` prints the explanation."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Code:
    """One code: U use of the program, R records, E effects, P pooling, B risk of bias, I integrity.

    title : what the code means, a few words.
    explanation : why it matters and what to do, plain sentences.
    """

    key: str
    title: str
    explanation: str


CODES = by_key(
    # --- U: use of the program ---------------------------------------------------------------------------------
    Code(
        "U000",
        "refused",
        "The request was refused; the message says why.",
    ),
    Code(
        "U001",
        "wrong use",
        "The command cannot be carried out as it was written. The message says which part and what to write instead.",
    ),
    Code(
        "U002",
        "unknown name",
        "The outcome, study, comparison or column asked for does not exist here. The message lists those that do and suggests the nearest.",
    ),
    Code(
        "U003",
        "unknown method",
        "The method asked for is in no table of the program. The message lists the methods it knows.",
    ),
    Code(
        "U004",
        "impossible numbers",
        "A number was given that no data can have, such as a negative variance or more events than participants. Nothing was computed.",
    ),
    # --- R: records --------------------------------------------------------------------------------------------
    Code(
        "R000",
        "records cannot be used",
        "One or more files of the evidence base have problems, and nothing is computed from a base that is only partly right. Each problem is listed with its own code; mend them, and run `mscsec check`.",
    ),
    Code(
        "R001",
        "folder cannot be read",
        "There is no such folder, it may not be read, or it holds no review.yaml. A folder of study records is an evidence base only with its protocol; `mscsec init` makes one.",
    ),
    Code(
        "R002",
        "not a readable file",
        "A record is an ordinary file. A folder or a pipe under the name of a record, a broken link and a file without permission to read end here.",
    ),
    Code(
        "R003",
        "file too large",
        "A record is a page of text. A file above the limit is something else, perhaps a data file; keep it elsewhere, and cite it under source:.",
    ),
    Code(
        "R004",
        "not UTF-8",
        "The file has a byte that no UTF-8 text has. Save it in that encoding; editors offer this when saving.",
    ),
    Code(
        "R005",
        "byte-order mark",
        "The file starts with the mark that some editors put before the text, or it is UTF-16. Save it as plain UTF-8.",
    ),
    Code(
        "R006",
        "control character",
        "The text holds a character that is not printable. It often comes with text copied from a PDF; delete it. Terminals, tables and CSV files would stumble over it.",
    ),
    Code(
        "R007",
        "empty file",
        "The file has no content, or comments alone. A record that is not written yet is better kept out of the folder; `mscsec add-study --template` prints a skeleton.",
    ),
    Code(
        "R008",
        "not YAML",
        "The text breaks the grammar of YAML at the place shown; the cause is often on the line above: a bracket or a quote that is not closed, an indentation that fits no level, or a colon in text that is not quoted.",
    ),
    Code(
        "R009",
        "tab in the indentation",
        "YAML is indented with spaces, as a tab has no agreed width. Replace each by two spaces; most editors can do so as you type.",
    ),
    Code(
        "R010",
        "two documents",
        "A line of three dashes starts a second document. One file is one study; put the second into a file of its own.",
    ),
    Code(
        "R011",
        "tag",
        "A tag such as !!python/object asks the reader to build something other than plain data. Records hold plain data only, so that reading one can never run anything.",
    ),
    Code(
        "R012",
        "value inside itself",
        "An alias stands inside the value that its own anchor names, so that writing it out would never end. Write the value out.",
    ),
    Code(
        "R013",
        "too many values",
        "Aliases repeat other aliases until a small file means millions of values. Write the values out; no record needs more than a few hundred.",
    ),
    Code(
        "R014",
        "nested too deeply",
        "The file has more levels of brackets or indentation than any record. A bracket that is not closed is the usual cause.",
    ),
    Code(
        "R015",
        "not a mapping",
        "A record is a mapping of keys to values. This file is a list or a single value; start from `mscsec add-study --template`.",
    ),
    Code(
        "R016",
        "key is not a word",
        "A key is a list, a mapping, or text with line ends or tabs. Keys are single words.",
    ),
    Code(
        "R017",
        "wrong suffix",
        "The file looks like a record but ends in .yml, so that it would be left out without a word. Rename it to .yaml, or move it elsewhere.",
    ),
    Code(
        "R101",
        "key twice",
        "A key stands twice in one mapping. Most programs keep the last and drop the first unseen, which loses a number; delete the one that is wrong.",
    ),
    Code(
        "R102",
        "unknown key",
        "The key means nothing here, and what stands under it would be lost. The message names the nearest known one, and all that are known. Words that fit no key go under notes:.",
    ),
    Code(
        "R103",
        "key missing",
        "A key that is needed here is not there, or nothing stands behind it.",
    ),
    Code(
        "R104",
        "wrong kind of value",
        "A number, text, true or false, a list or a mapping is wanted, and something else stands here. Figures stand alone and unquoted (5.50), with the unit under unit:; yes and no are words, not true and false.",
    ),
    Code(
        "R105",
        "not an option",
        "The value is none of those allowed here; the message lists them. What the paper does not say is unclear or null.",
    ),
    Code(
        "R106",
        "out of range",
        "The number is one that this quantity cannot have: an SD of 0 or below, a percentage above 100, half a patient, a P value above 1, a level of 95 for 0.95, an interval with its larger limit first.",
    ),
    Code(
        "R107",
        "wrong form",
        "An id has lower-case letters, digits, - and _ and at most 80 of them; a doi is bare and starts with 10.",
    ),
    Code(
        "R108",
        "several lines",
        "Labels, units, time points and names stand in one line of a table. A line end inside one would break it; write the text on one line, or fold it with >-.",
    ),
    Code(
        "R201",
        "id twice",
        "Two records have the same id. Either the study was entered twice, or one of them needs another id.",
    ),
    Code(
        "R202",
        "unknown arm",
        "A result or an effect names an arm that the record does not have under arms:. Often the name is misspelt.",
    ),
    Code(
        "R203",
        "unknown outcome",
        "A result names an outcome that review.yaml does not define. Add it there, with its type, or correct the name.",
    ),
    Code(
        "R204",
        "unit differs",
        "The unit reported is not the protocol's, and the protocol does not say how to convert it. Write the factor under conversions: in review.yaml, and keep the figures as printed.",
    ),
    Code(
        "R205",
        "more events than participants",
        "More patients with the event (or without it) than patients. Where events were counted and a patient may have several, give the person-time under time:, and the outcome the type count.",
    ),
    Code(
        "R206",
        "interval without its estimate",
        "A confidence interval contains its estimate. A lost minus sign, a decimal point, or limits of another analysis are the usual causes.",
    ),
    Code(
        "R207",
        "figures out of order",
        "The median lies between the quartiles, the quartiles within the range, a mean within its interval and range.",
    ),
    Code(
        "R210",
        "result twice",
        "Two results of one study have the same outcome, time point, analysis and arms. Give each its timepoint: or analysis:, or delete one; a result counted twice would weigh twice.",
    ),
    Code(
        "R211",
        "arm missing",
        "A controlled trial has an arm with role: experimental and one with role: comparator. A study with one group has design: type: single-arm.",
    ),
    Code(
        "R212",
        "assessment without its result",
        "A risk-of-bias assessment belongs to a result, and the record has no result for the outcome it names.",
    ),
    Code(
        "R213",
        "unknown comparison",
        "An outcome names a comparison that review.yaml does not define under comparisons:.",
    ),
    Code(
        "R214",
        "figures of another type",
        "A dichotomous outcome has events, a continuous one means or medians. Either the figures or the outcome's type in review.yaml are wrong.",
    ),
    Code(
        "R216",
        "unknown measure",
        "The effect measure that review.yaml names is none that mscsec knows. The message lists them.",
    ),
    Code(
        "R217",
        "flow that does not add up",
        "Under flow: of review.yaml, a box of the PRISMA diagram is not what is left of the box before it. What was taken out goes under removed, excluded, not_retrieved or ineligible; a number that is not known is left out.",
    ),
    Code(
        "R218",
        "analysis that cannot be done",
        "Under analysis: of review.yaml stands a preset, an estimator, an interval or a prediction interval that mscsec does not know, or choices that do not go together. The message lists the known ones, or says what contradicts what.",
    ),
    # --- E: effects --------------------------------------------------------------------------------------------
    Code(
        "E101",
        "zero cells corrected",
        "A constant was added to the cells of these studies, because a zero would make the effect or its variance infinite. The choice can decide the answer with rare events; Mantel-Haenszel without correction, Peto or a GLMM need none.",
    ),
    Code(
        "E102",
        "number missing",
        "A study lacks a number that the measure is computed from. The message names the arrays; another measure, or a reconstruction from what the paper does report, may do without.",
    ),
    Code(
        "E103",
        "study without information left out",
        "Nobody or everybody in the study had the event, so that it says nothing about a ratio; such studies are left out by default for RR and OR, and where drop00 asks for it.",
    ),
    Code(
        "E104",
        "effect not estimable",
        "The numbers are possible but the measure has no finite value for them, such as a ratio of means of unlike sign. The message gives the reason. A study without events that a method from the cells counts nevertheless stands in its table without an estimate.",
    ),
    Code(
        "E105",
        "sampling variance zero",
        "The formula gives a variance of exactly zero (identical values, or a proportion of 0 or 1 without correction). Inverse-variance weights would be infinite, so the study is shown but not pooled.",
    ),
    Code(
        "E201",
        "choice among results",
        "The study reports the outcome more than once, at several time points or in several analyses. The note says which was taken, by the order under timepoints: in review.yaml, and what was passed over.",
    ),
    Code(
        "E202",
        "unit converted",
        "The study reports another unit than the protocol's; its figures were multiplied by the factor under conversions:.",
    ),
    Code(
        "E203",
        "assumed figure",
        "The paper does not print this number. The record says why it is believed, and the note repeats it wherever the study is shown; leave the study out to see what the assumption decides.",
    ),
    Code(
        "E204",
        "events by complement",
        "The paper counts those without the event, and the events are the others. That takes everybody as followed up.",
    ),
    Code(
        "E205",
        "events from a percentage",
        "The paper prints a percentage and the group size; the count is the only whole number that prints so.",
    ),
    Code(
        "E206",
        "mean from a median",
        "Mean and SD were estimated from a median with quartiles or range, which supposes data that are about normal. --mean-rule and --sd-rule choose other rules.",
    ),
    Code(
        "E207",
        "skewed",
        "The quartiles or the range lie so unevenly about the median that a mean estimated from them is doubtful (test of Shi 2023, 5 percent).",
    ),
    Code(
        "E208",
        "SD from a test",
        "No SD is printed; one SD for both arms was worked back from a test statistic or P value, taken as a t test between them.",
    ),
    Code(
        "E209",
        "arms combined",
        "Several arms of the study fall on one side of the comparison; they entered as one group (Cochrane Handbook 6.5.2.10 and 23.3.4), so that no patient counts twice.",
    ),
    Code(
        "E210",
        "adjusted estimate",
        "The contrast was adjusted for covariates in the study. It answers a slightly other question than unadjusted figures; the note says for what.",
    ),
    Code(
        "E211",
        "table cannot be read",
        "The CSV table has no rows, a column twice, or rows of unequal length. The first line names the columns; `mscsec pool --help` lists them.",
    ),
    Code(
        "E212",
        "cell is not a number",
        "A cell of a column of numbers holds something else. An empty cell, NA, - or . is a missing value.",
    ),
    Code(
        "E213",
        "cluster trial not adjusted",
        "Groups and not individuals were randomised, and the effect could not be corrected for it, so its interval is too narrow. Record icc: and cluster_size: under design:, or assume an ICC in the protocol (Cochrane Handbook 23.1.4).",
    ),
    Code(
        "E214",
        "effective sample size",
        "A cluster trial: its numbers were divided by the design effect, 1 + (mean cluster size - 1) ICC (Cochrane Handbook 23.1.4).",
    ),
    Code(
        "E215",
        "comparator divided",
        "Several comparisons of one trial share a comparator; its numbers were divided by the number of comparisons, so that no patient counts twice (Cochrane Handbook 23.3.4).",
    ),
    Code(
        "E216",
        "P value is a bound",
        "The P value is printed as an upper bound such as < 0.001. The bound itself was taken, which makes the standard error too large rather than too small. A lower bound (> 0.05) is never used, because it would make it too small.",
    ),
    Code(
        "E217",
        "hazard ratio from curves",
        "The hazard ratio was rebuilt from survival proportions and numbers at risk (Parmar 1998), which is less exact than a printed one.",
    ),
    Code(
        "E218",
        "crossover trial",
        "Every participant had both treatments. The note says whether the analysis is paired; where no correlation of the periods is recorded, the periods stand for two groups, which makes the interval too wide.",
    ),
    Code(
        "E219",
        "figures disagree",
        "The contrast that the paper prints is not the one its figures by arm give, beyond what rounding explains. The figures by arm were used; --prefer reported takes the printed contrast. Check both against the paper.",
    ),
    Code(
        "E220",
        "scale reversed",
        "The study's scale (or event) runs against the outcome's, as reversed: true says. Its figures were turned round before they entered.",
    ),
    Code(
        "E221",
        "row of no analysis",
        "In a table of many analyses the row names none, or its name runs over two lines. It entered nothing; name the analysis in the column given by --group.",
    ),
    Code(
        "E222",
        "row with an impossible number",
        "A row of a table of many analyses holds a number that no data can have, such as a negative variance or more events than participants. It was left out of its analysis and counted there under left_out; --strict refuses the table.",
    ),
    Code(
        "E223",
        "rows of an analysis stand apart",
        "The rows of one analysis do not follow each other in the table, and sorting was forbidden by --spool never. Sort the table by the group column, or let mscsec deal the rows into temporary files.",
    ),
    Code(
        "E230",
        "row of another length",
        "A row of a table of many analyses has more or fewer cells than the header, or a quote in it is left open. Which cell belongs to which column cannot be known, so the row entered nothing.",
    ),
    Code(
        "E231",
        "number that no data can have",
        "A row of a table holds a number, or two that contradict each other, that no data can have: a negative SD or variance, more events than participants. The message has its line; nothing is computed until it is corrected.",
    ),
    Code(
        "E232",
        "one name twice in a table",
        "Several rows of a table have the same study name. Each enters as a study of its own, so that a study typed twice counts twice; leave one out with --exclude, or give rows that are different comparisons different names.",
    ),
    Code(
        "E224",
        "change scores",
        "Changes from baseline stand in the place of final values. Both estimate the same mean difference; standardised mean differences of the two kinds are not comparable.",
    ),
    Code(
        "E225",
        "logarithm taken",
        "Effects of any kind are pooled as printed (measure GEN); this one is a ratio on its own scale, and its logarithm was taken.",
    ),
    Code(
        "E226",
        "comparator shared",
        "Several rows of this trial are set against the same comparator and are correlated. Their covariances stand with the effects; they must not be pooled as if they were independent.",
    ),
    Code(
        "E227",
        "printed contrast",
        "The study enters by the contrast that its paper prints, not by figures of its arms. The standard error was worked out from the printed interval, test or P value, and the interval shown is made again from it, so that its ends can differ a little from those in the paper.",
    ),
    Code(
        "E228",
        "cells rebuilt",
        "The paper does not print the four cells. They were worked back from a ratio, a difference or a chi-square with n of each arm and the events of one arm or of both together (Di Pietrantonj 2006), and rounded to whole people. The note says whether other whole numbers would print the same; where none prints so, the margins may not be those of the printed figure.",
    ),
    Code(
        "E229",
        "hazard ratio by an indirect way",
        "No hazard ratio is printed. It was worked out from the log-rank P value with the number of events and the direction (Parmar 1998, Tierney 2007), or from median times with the events of each arm as if hazards were constant; both are less exact than a printed one.",
    ),
    Code(
        "E301",
        "not reported",
        "A reconstruction needs a figure that the paper does not give. The message names it; another route may do without.",
    ),
    Code(
        "E302",
        "outside the method's reach",
        "The method has no formula for these figures: too few participants, a value that must be positive, or quantiles it does not cover. The message says which.",
    ),
    Code(
        "E303",
        "figures contradict one another",
        "No data can show these figures together, such as margins that would make a cell negative. Check them against the paper; nothing was computed for this row.",
    ),
    Code(
        "E304",
        "left open by the figures",
        "The figures are possible but do not determine the answer: a P value of 1 fits every standard error. Another statistic of the same result is needed.",
    ),
    Code(
        "E305",
        "rounding leaves several answers",
        "More than one whole number rounds to the figure printed. The smallest and the largest are in the result; a figure with more decimals would decide.",
    ),
    Code(
        "E306",
        "skewed data",
        "The quantiles are too lopsided for a method that takes the data as normal (test of Shi 2023 at 5 percent). Use the log-normal, quantile-estimation or Box-Cox method, or pool medians.",
    ),
    Code(
        "E307",
        "interval not centred",
        "The middle of the confidence interval is not the estimate on the scale of analysis. Often the scale is wrong (a ratio taken as a difference), or a figure is misprinted.",
    ),
    # --- P: pooling --------------------------------------------------------------------------------------------
    Code(
        "P100",
        "cannot be computed",
        "The request is valid, but these data do not determine an answer. The message says why.",
    ),
    Code(
        "P101",
        "too few studies",
        "The method needs more studies than there are. A single study is shown as it is; an estimator of between-study variance needs two.",
    ),
    Code(
        "P102",
        "not converged",
        "An iteration did not settle within its bound. The message names the method; a closed-form estimator such as DL always gives an answer.",
    ),
    Code(
        "P103",
        "not estimable",
        "The quantity does not exist for these data, for instance a ratio when no one in any study had the event.",
    ),
    Code(
        "P201",
        "one study",
        "There is a single study, so nothing was pooled: its own estimate and interval are shown, and no between-study quantity exists.",
    ),
    Code(
        "P202",
        "two studies",
        "With two studies the between-study variance rests on one degree of freedom. Random-effects intervals are then either far too narrow (Wald) or very wide (HKSJ); say so, and consider not pooling.",
    ),
    Code(
        "P203",
        "several maxima",
        "The likelihood of the between-study variance has more than one local maximum. The highest was taken; another program may stop at another one. Look at the profile, and compare with PM.",
    ),
    Code(
        "P204",
        "intervals disagree about zero",
        "The Wald and the HKSJ interval disagree about whether the mean differs from zero. The one shown follows the rule of the convention; both are in the result, and the conclusion is fragile.",
    ),
    Code(
        "P205",
        "no prediction interval",
        "The prediction interval asked for needs more studies than there are, so none is shown.",
    ),
    Code(
        "P206",
        "no interval for tau2",
        "The interval asked for is built on the logarithm or the square root of tau2 and does not exist where tau2 is zero. Q-profile always does.",
    ),
    Code(
        "P207",
        "less spread than chance",
        "The effects lie closer together than their sampling variances allow by chance, so that no between-study variance fits and the interval for it shrinks to zero. Look for shared patients, copied results or variances that are too large.",
    ),
    Code(
        "P208",
        "interval not available",
        "The interval asked for by name does not exist for these data or this method, for instance a Hartung-Knapp interval of one study. The message says which interval is shown instead.",
    ),
    Code(
        "P209",
        "end beyond any number",
        "On the natural scale an end of the interval is larger than any floating-point number, so it is shown as inf and written as null. The interval on the analysis scale is exact. Check whether the variances are right.",
    ),
    Code(
        "P210",
        "less than one degree of freedom",
        "An approximation to the degrees of freedom, such as that of Kenward and Roger, left fewer than one, which happens with two or three studies or no heterogeneity. The interval is what the method gives, but it says nothing; another interval does.",
    ),
    Code(
        "P211",
        "interval without width",
        "The Hartung-Knapp standard error is the spread of the effects about their mean, which is zero where they are all the same. The interval then shows nothing of the sampling variances and its P value is zero. Take hksj-adhoc, which is never narrower than Wald's, and look for copied results.",
    ),
    Code(
        "P301",
        "empty arm",
        "An arm of a study has no participants or no person-time, so the study carries no information and was left out. The message names it.",
    ),
    Code(
        "P302",
        "double-zero study",
        "Nobody, or everybody, had the event in both arms of a study. The message says what the method did with it: such a study has no ratio of its own, but it informs a difference and some likelihoods. Cochran's weights also take nothing from a study without events in its comparator.",
    ),
    Code(
        "P303",
        "continuity correction",
        "A zero cell leaves a study without an estimate, so a small number was added to its cells. The message says how much, to which studies, and whether the pooled sums saw it. Methods that need no correction are preferable when events are rare.",
    ),
    Code(
        "P304",
        "no variation",
        "Every table is without variation, so the standard error is zero and no test exists. The estimate is what was counted, not a precise one.",
    ),
    Code(
        "P305",
        "Peto outside its range",
        "Peto's one-step odds ratio is biased when the effect is large or the arms are of very different size. The Mantel-Haenszel method without a correction is an alternative.",
    ),
    Code(
        "P306",
        "sparse data",
        "Events are rare or absent in some arms. Inverse variance with 0.5 in zero cells is biased there and the Cochrane Handbook (10.4.4) advises against it. The message names methods that suit these data; --compare shows them side by side.",
    ),
    Code(
        "P401",
        "column dropped",
        "A column of the design is made up of others, so its coefficient does not exist. It was left out because that was asked for; coefficients of the others are those of the smaller model.",
    ),
    Code(
        "P402",
        "Wald interval disagrees",
        "The HKSJ interval of a coefficient is shown, and the Wald interval answers the question about zero the other way. HKSJ allows for the estimation of the between-study variance; the Wald interval is in the message.",
    ),
    Code(
        "P403",
        "several likelihood maxima",
        "The likelihood of the residual between-study variance has more than one maximum. The highest was taken; an estimator without a likelihood, such as DL or PM, tells how much hangs on it.",
    ),
    Code(
        "P404",
        "empty interval for tau2",
        "The effects differ less about the regression than chance alone would make them, so no between-study variance agrees with the data at this level. The interval is shown as [0, 0].",
    ),
    Code(
        "P405",
        "no prediction interval",
        "There are as many coefficients as studies, so the spread of effects about the regression cannot be judged.",
    ),
    Code(
        "P406",
        "no influence for a study",
        "Without this study the coefficients cannot be told apart, for instance because it is the only one of its category. What leaving it out would do is therefore not given.",
    ),
    Code(
        "P407",
        "no robust standard error",
        "One cluster alone determines this coefficient, so its residuals say nothing about its uncertainty. The other coefficients are not affected.",
    ),
    Code(
        "P408",
        "one subgroup",
        "All studies are in one subgroup, so there is no difference between subgroups to test.",
    ),
    Code(
        "P409",
        "studies without moderators",
        "Studies with a missing moderator were left out because that was asked for. They are named; results for the others may differ from those for all.",
    ),
    Code(
        "P410",
        "no joint test",
        "Kenward and Roger's test matches an F distribution by its mean and variance, which do not exist with so few residual degrees of freedom. The single coefficients have their tests; HKSJ gives a joint one.",
    ),
    Code(
        "P411",
        "no measure of influence",
        "A measure of influence divides by a variance that is zero, because the other studies agree exactly, or lie exactly on the regression. It is left empty for the studies named.",
    ),
    Code(
        "P412",
        "no test for subgroup differences",
        "The means of subgroups are compared with weights of one over the square of their standard errors. Where the effects of a subgroup are identical the Hartung-Knapp standard error is zero and there is no such weight. The Wald interval (--ci wald) keeps the sampling error of the studies and gives a test.",
    ),
    Code(
        "P501",
        "too few studies for a test of asymmetry",
        "With fewer than ten studies a test of funnel asymmetry has too little power to tell chance from a real difference between small and large studies (Sterne et al. 2011), and a large P value is no reassurance. Look at the funnel, and look for unpublished trials.",
    ),
    Code(
        "P502",
        "test does not suit the measure",
        "The standard error of this effect measure is tied to the effect itself, so that the test finds asymmetry where there is none, or the test was made for another measure. The message names one that avoids this, where there is one.",
    ),
    Code(
        "P503",
        "asymmetry under heterogeneity",
        "The studies differ by more than chance. Small and large studies then often differ in patients or in what was done, which makes a funnel lopsided without any bias (Ioannidis & Trikalinos 2007). Look for what tells the small studies from the large ones.",
    ),
    Code(
        "P504",
        "studies of like size",
        "A test of asymmetry compares small studies with large ones, and here the largest sampling variance is at most four times the smallest (Ioannidis & Trikalinos 2007). It can find little.",
    ),
    Code(
        "P505",
        "ties in a rank test",
        "Two studies share a variance or a deviation, so that the exact distribution of Kendall's score does not hold. The P value is that of the normal distribution with a variance for ties.",
    ),
    Code(
        "P506",
        "study without events or without non-events",
        "Nobody, or everybody, in a study had the event, so its table says nothing about a ratio and the test, which looks at the tables, leaves it out. The message names the study.",
    ),
    Code(
        "P507",
        "no standard error of the number missing",
        "The formula for the variance of the number of missing studies gives a negative value for these data, or the studies are all alike. The number itself stands.",
    ),
    Code(
        "P508",
        "studies filled in",
        "Trim and fill adds mirror images of the most extreme studies until the funnel is symmetric. They were never observed. The result with them shows how much would hang on such studies; it is no corrected estimate, and under heterogeneity it can correct in the wrong direction (Terrin et al. 2003; Peters et al. 2007).",
    ),
    Code(
        "P509",
        "fail-safe N",
        "A fail-safe N counts studies of no effect on average that would undo a result. It takes no account of how large they would be or whether they exist, its variants disagree, and the Cochrane Handbook (13.3.5) advises against it. Given because editors still ask for it.",
    ),
    # --- B: risk of bias ---------------------------------------------------------------------------------------
    Code(
        "B001",
        "unknown instrument",
        "No appraisal instrument has this name. The message lists those there are; `mscsec assess --help` says what each is for.",
    ),
    Code(
        "B002",
        "unknown place in an instrument",
        "The question, domain or setting does not exist in this instrument, or an answer stands under a domain that is not its own. The message names the nearest.",
    ),
    Code(
        "B003",
        "not an option",
        "The answer, judgement, setting or direction is none that the instrument offers. The message lists its options; full words (probably yes) are understood.",
    ),
    Code(
        "B004",
        "departure without a reason",
        "The assessor's judgement differs from the one the answers lead to. That is allowed with a reason, which is kept beside both judgements.",
    ),
    Code(
        "B005",
        "instrument file cannot be used",
        "The file of an instrument is not in the form of the shipped ones: a key is missing, a condition names no earlier question, or a rule gives a judgement that does not exist.",
    ),
    Code(
        "B006",
        "assessment not finished",
        "Signalling questions on which a judgement depends are still open. mscsec assess goes on where it stopped.",
    ),
    Code(
        "B007",
        "no consensus",
        "Several assessors judged this result and none of them is called consensus. The first on record stands in tables that show one judgement; settle the differences and record them with assessor: consensus.",
    ),
    Code(
        "B010",
        "design flags contradict each other",
        "Two flags of the design cannot both hold, such as open_label: true with blinded participants. Correct the one that the report does not support.",
    ),
    Code(
        "B101",
        "answer without effect",
        "A question is answered that is not asked after the other answers or in this variant. The answer is kept and changes nothing; correct it or the answer that decides.",
    ),
    Code(
        "B102",
        "asked, but not applicable",
        "A question is answered NA although the other answers lead to it. It counts as open.",
    ),
    Code(
        "B103",
        "setting assumed",
        "A choice made before the questions, such as the effect of interest, is not stated. The default named in the message was used.",
    ),
    Code(
        "B104",
        "nothing is addressed",
        "For the effect of adhering to intervention, RoB 2 wants at least one kind of deviation to be addressed; with none, domain 2 says nothing.",
    ),
    Code(
        "B105",
        "judged before the answers",
        "The assessor gives a judgement while questions that could change the algorithm's are open. It counts; answer them to see whether the two agree.",
    ),
    Code(
        "B106",
        "departs from the algorithm",
        "The assessor's judgement differs from the proposed one and has a reason. Both are kept and shown.",
    ),
    Code(
        "B107",
        "draft instrument",
        "This version of the instrument is a draft or test version and may change. Say so wherever its judgements are shown.",
    ),
    Code(
        "B108",
        "readings differ",
        "Public readings of this draft lead to different judgements from these answers. The message says how; consider the judgement by hand.",
    ),
    Code(
        "B201",
        "ratings cannot be compared",
        "A rating is not on the scale, the scale has fewer than two categories, or the assessors used different instruments.",
    ),
    Code(
        "B202",
        "nothing rated by both",
        "No item has a rating by both assessors, so agreement cannot be computed.",
    ),
    Code(
        "B203",
        "kappa does not exist",
        "Both assessors put every item into one same category, where agreement by chance is complete and kappa is 0/0. Percent agreement and AC1 still exist.",
    ),
    Code(
        "B204",
        "no usable interval of agreement",
        "With one item there is no interval; with complete agreement the standard error is 0 and the interval a point, which few items do not warrant.",
    ),
    Code(
        "B301",
        "not a robvis table",
        "The table does not have the columns, labels, weights or judgements of the robvis template. robvis would draw something else without saying so.",
    ),
    Code(
        "B302",
        "row without a study",
        "A row of the imported table names a study that the evidence base does not have. A label is matched with the study's id, then with its label (first author and year).",
    ),
    Code(
        "B401",
        "GRADE judgement cannot be used",
        "The domain does not exist, its levels are out of range, or an override has no reason.",
    ),
    Code(
        "B402",
        "risk beyond 0 or 1",
        "The relative effect at this baseline leads to a risk below 0 or above 1, which was held there. The measure does not suit the baseline; an odds ratio cannot do this.",
    ),
    Code(
        "B403",
        "evidence is not consistent",
        "The numbers handed to GRADE cannot belong together: limits out of order, weights that do not sum to 1, a risk outside 0 to 1.",
    ),
    Code(
        "B404",
        "domains not judged",
        "Data cannot judge these domains and the panel has not. They count as no reason to rate down until someone says otherwise.",
    ),
    Code(
        "B405",
        "no threshold stated",
        "Without an important difference the certainty is about the direction of the effect alone, and the size of the effect cannot be put in words.",
    ),
    Code(
        "B406",
        "relative scale",
        "Without a baseline risk there is no absolute effect, and imprecision is judged on the relative effect.",
    ),
    Code(
        "B407",
        "long table",
        "Guidance keeps a summary of findings to the seven most important outcomes, harms among them.",
    ),
    Code(
        "B408",
        "baseline risk assumed",
        "No baseline risk is stated for the outcome, so the risk in the comparison groups of the pooled studies stands in. State one, with its source, under grade: in review.yaml.",
    ),
    Code(
        "B409",
        "decision without effect",
        "review.yaml has a decision on certainty whose sign does not fit its domain: domains that rate down take 0, -1, -2 (or -3), those that rate up take 0, 1, 2.",
    ),
    # --- I: integrity ------------------------------------------------------------------------------------------
    Code(
        "I000",
        "figures under question",
        "Recorded figures of this study contradict each other (!) or raise a question (?). `mscsec integrity --study ID` shows which, and what to ask.",
    ),
    Code(
        "I001",
        "a check without power",
        "The figure has so few decimals, or n is so large, that any figure would pass. That it passes says nothing.",
    ),
    Code(
        "I002",
        "the test decides",
        "Tests that are all in use put the same figures on different sides of 0.05. Find out which test was planned.",
    ),
    Code(
        "I003",
        "not of whole steps",
        "The protocol gives no step of one value for this scale. Whole steps cannot give this mean, so the values were read in finer ones; recording the granularity lets the check decide.",
    ),
    Code(
        "I101",
        "parts do not add up",
        "Counts of arms, subgroups or causes do not add up to the printed total. Look for patients left out or counted twice before the counts are used.",
    ),
    Code(
        "I102",
        "more events than patients",
        "There are more events than patients. Often events were counted and not patients; enter patients, or analyse rates.",
    ),
    Code(
        "I103",
        "figures out of order",
        "Minimum, quartiles, median and maximum must not fall. One of them is misprinted or stands in another column.",
    ),
    Code(
        "I104",
        "estimate outside its interval",
        "An estimate lies inside its own confidence interval. One of the three figures is misprinted, or they are on different scales.",
    ),
    Code(
        "I105",
        "change does not match",
        "The mean change is the final mean less the baseline mean where all patients have both. Look for missing patients and for the sign.",
    ),
    Code(
        "I106",
        "overall mean does not match its groups",
        "The overall mean is not the weighted mean of its groups. Look at the number of patients in each.",
    ),
    Code(
        "I201",
        "percentage that no count gives",
        "No count of whole patients among n is printed as this percentage, or not the count that stands beside it. The message names the denominators that fit.",
    ),
    Code(
        "I202",
        "median that no whole values give",
        "The median of whole values is a whole or, for an even n, a half step. The n, the unit or the figure is another one.",
    ),
    Code(
        "I203",
        "mean and SD that no proportion gives (DEBIT)",
        "The SD of zeros and ones follows from their mean and n. Here it does not.",
    ),
    Code(
        "I204",
        "mean that no whole values give (GRIM)",
        "A mean of n whole values is a multiple of 1/n. This one is not, so the n, the unit or the figure is another one. The message names the n that fit.",
    ),
    Code(
        "I205",
        "SD that no whole values give (GRIMMER)",
        "No n whole values have both this mean and this SD. Patients may be missing from the figure, or it is in other units. The message names the n that fit.",
    ),
    Code(
        "I301",
        "P does not match the means",
        "The P value cannot come from these means, SDs and sizes, whatever their rounding. The readings tried, such as standard errors for SDs, stand with the verdict.",
    ),
    Code(
        "I302",
        "P matches no split of the patients",
        "The report gives the total and not the arms. The verdict says which sizes of the arms would give the P value.",
    ),
    Code(
        "I303",
        "P does not match the counts",
        "The P value comes from none of the usual tests of these counts. The P values of each test stand with the verdict.",
    ),
    Code(
        "I304",
        "P does not match the table",
        "Pearson's chi-square of the table gives another P value.",
    ),
    Code(
        "I305",
        "P does not match the statistic",
        "The test statistic and its degrees of freedom give another P value.",
    ),
    Code(
        "I306",
        "P does not match the interval",
        "The confidence interval implies another P value. Where they disagree about 0.05, one of them is wrong or of another model.",
    ),
    Code(
        "I307",
        "effect does not match the counts",
        "The reported effect or its interval is not that of the printed counts. Denominators may be those randomised and not those analysed; the message names counts that fit.",
    ),
    Code(
        "I308",
        "interval not centred",
        "A Wald interval has its estimate in the middle, for a ratio on the log scale. Exact and bootstrap intervals need not; else a figure is misprinted.",
    ),
    Code(
        "I309",
        "P smaller than an exact rank test can give",
        "With few patients an exact rank test has a least P value, and the printed one is below it.",
    ),
    Code(
        "I310",
        "P does not match the means of several arms",
        "One-way analysis of variance of these means, SDs and sizes gives another P value, whatever their rounding.",
    ),
    Code(
        "I401",
        "SD impossible on the scale",
        "Values between the ends of a scale cannot vary so much about this mean. The scale, the n or the SD is another one.",
    ),
    Code(
        "I402",
        "SD impossible for the range",
        "Values with this minimum and maximum cannot have this SD. If it fits as a standard error, that is what it may be.",
    ),
    Code(
        "I403",
        "mean and median too far apart",
        "Mean and median are never further apart than one SD. The spread may be a standard error.",
    ),
    Code(
        "I404",
        "SD of the change impossible",
        "The SDs at baseline, at the end and of the change imply a correlation outside -1 to 1. One of them is no SD, or of other patients.",
    ),
    Code(
        "I405",
        "SD unlike its peers",
        "The SD is far below those of comparable groups and would be like them if it were a standard error.",
    ),
    Code(
        "I406",
        "interval and SD do not match",
        "The confidence interval of the mean implies another SD. Where it fits as a standard error, that is what it may be.",
    ),
    Code(
        "I501",
        "the same figures in two records",
        "Two records print the same figures under the same labels. Ask whether they share patients before both are pooled.",
    ),
    Code(
        "I502",
        "one registration in two records",
        "Two records name the same trial registration. One trial must be counted once.",
    ),
    Code(
        "I503",
        "baseline unlike random allocation",
        "Baseline means differ more, or less, than random allocation makes them. Correlated or stratified variables and misprinted SDs do this too.",
    ),
    Code(
        "I504",
        "the same SD more than once",
        "One SD is printed for several arms or time points, to every digit. It may have been copied.",
    ),
)
