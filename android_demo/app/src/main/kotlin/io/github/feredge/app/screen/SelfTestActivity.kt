package io.github.feredge.app.screen

import android.content.Context
import android.os.Bundle
import io.github.feredge.app.Device
import io.github.feredge.app.R
import io.github.feredge.app.checks.BitmapRoute
import io.github.feredge.app.checks.CaseCheck
import io.github.feredge.app.checks.CheckResult
import io.github.feredge.app.checks.SelfTest
import io.github.feredge.app.parts
import io.github.feredge.app.results
import io.github.feredge.app.shown
import io.github.feredge.core.FerEdgeException
import java.io.File
import java.io.IOException
import io.github.feredge.core.bundle.Bundle as FerEdgeBundle

/** Runs every check of the bundle on this device, shows each, and saves pass or the first difference. */
class SelfTestActivity : LongRunActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setTitle(R.string.self_test)
    }

    override fun begin(): LongRun {
        val context = applicationContext
        return LongRun("self-test") { tell -> Checks(context, tell).run() }
    }

    private class Checks(
        private val context: Context,
        private val tell: (String) -> Unit,
    ) {
        fun run() {
            try {
                val bundle = FerEdgeBundle.open(context.parts.bundle)
                val test = SelfTest(bundle, context.parts.engines, bitmapRoute(bundle), Device.threads)
                val found = test.run { tell(line(it)) }
                val file = File(context.results, "self-test.json")
                file.writeText(SelfTest.document(bundle, found, Device.name))
                tell(context.getString(verdict(found)))
                tell(context.getString(R.string.saved, file.shown))
            } catch (fault: FerEdgeException) {
                tell(fault.message.orEmpty())
            } catch (error: IOException) {
                tell(context.getString(R.string.not_saved, error.message))
            }
        }

        private fun bitmapRoute(bundle: FerEdgeBundle): CaseCheck {
            val artifact = bundle.manifest.artifacts.firstOrNull() ?: return CaseCheck { null }
            val input = bundle.contract(artifact).input
            return BitmapRoute(input.width, input.height)
        }

        private fun verdict(results: List<CheckResult>): Int =
            if (results.all { it.fault == null }) R.string.self_test_passed else R.string.self_test_failed

        private fun line(result: CheckResult): String {
            val detail =
                result.files?.let { context.getString(R.string.files_checked, it) }
                    ?: result.difference?.let { context.getString(R.string.largest_difference, "%.1e".format(it)) }
            return result.fault?.let { context.getString(R.string.check_failed, result.name, it) }
                ?: context.getString(R.string.check_passed, result.name, detail.orEmpty())
        }
    }
}
