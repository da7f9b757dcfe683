package io.github.feredge.app.checks

import io.github.feredge.android.bundle.InstalledBundle
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.documents.JsonText
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.golden.GoldenCase

/**
 * One line of the self-test.
 *
 * @property name of the case or variant.
 * @property fault the first difference in one sentence; null: passed.
 * @property files how many were compared, if that was the check.
 * @property difference the largest from the original's probabilities, if that was the check.
 */
class CheckResult(
    val name: String,
    val fault: String?,
    val files: Int? = null,
    val difference: Float? = null,
) {
    /** Figures worth knowing, maybe empty. */
    val detail: String get() = files?.let { "$it files" } ?: difference?.let { "largest difference $it" }.orEmpty()
}

/** A further comparison for each golden case, such as Android's own bitmap route. */
fun interface CaseCheck {
    /** What differs, in one sentence; null: nothing. */
    fun fault(case: GoldenCase): String?
}

/** Runs everything that a bundle can prove about itself on the device at hand. Free of Android. */
class SelfTest(
    private val bundle: Bundle,
    private val engines: List<EngineFactory>,
    private val further: CaseCheck,
    private val threads: Int,
) {
    /**
     * Files, golden cases, variants on the CPU, one after another.
     *
     * @param tell called after each.
     */
    fun run(tell: (CheckResult) -> Unit): List<CheckResult> {
        val results = ArrayList<CheckResult>()
        val add = { result: CheckResult ->
            results.add(result)
            tell(result)
        }
        val paths = InstalledBundle.paths(bundle)
        add(CheckResult("files", bundle.faults(paths).firstOrNull(), files = paths.size))
        bundle.goldenPaths.forEach { add(case(it)) }
        val opener = ModelOpener(bundle, engines)
        opener.variants.forEach { add(variant(opener, it)) }
        return results
    }

    private fun case(path: String): CheckResult =
        try {
            val case = bundle.golden(path)
            CheckResult(case.name, case.fault() ?: further.fault(case))
        } catch (fault: FerEdgeException) {
            CheckResult(path, fault.message)
        }

    private fun variant(
        opener: ModelOpener,
        variant: String,
    ): CheckResult =
        try {
            val opened = opener.open(variant, Accelerator.CPU, threads)
            opened.model.close()
            CheckResult(variant, null, difference = opened.largestDifference)
        } catch (fault: FerEdgeException) {
            CheckResult(variant, fault.message)
        }

    /** Writes results. */
    companion object {
        /** The saved document: verdict, first difference, each result. */
        fun document(
            bundle: Bundle,
            results: List<CheckResult>,
            device: String,
        ): String {
            val first = results.firstOrNull { it.fault != null }
            return JsonText.of(
                linkedMapOf(
                    "schema" to "fer-edge-selftest/1",
                    "bundle_sha256" to bundle.sha256,
                    "device" to device,
                    "verdict" to if (first == null) "pass" else "fail",
                    "first_difference" to first?.fault,
                    "checks" to results.map { linkedMapOf("name" to it.name, "fault" to it.fault, "detail" to it.detail) },
                ),
            )
        }
    }
}
