package io.github.feredge.app.screen

import android.app.Activity
import android.os.Bundle
import android.widget.TextView
import io.github.feredge.app.Device
import io.github.feredge.app.R
import io.github.feredge.app.checks.BitmapRoute
import io.github.feredge.app.checks.CaseCheck
import io.github.feredge.app.checks.CheckResult
import io.github.feredge.app.checks.SelfTest
import io.github.feredge.app.parts
import io.github.feredge.app.results
import io.github.feredge.core.FerEdgeException
import java.io.File
import java.io.IOException
import kotlin.concurrent.thread
import io.github.feredge.core.bundle.Bundle as FerEdgeBundle

/** Runs every check of the bundle on this device, shows each, and saves pass or the first difference. */
class SelfTestActivity : Activity() {
    private lateinit var text: TextView

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.text)
        setTitle(R.string.self_test)
        text = findViewById(R.id.text)
        thread(name = "self-test") { run() }
    }

    private fun run() {
        try {
            val bundle = FerEdgeBundle.open(parts.bundle)
            val found = SelfTest(bundle, parts.engines, bitmapRoute(bundle), Device.threads).run { add(line(it)) }
            val file = File(results, "self-test.json")
            file.writeText(SelfTest.document(bundle, found, Device.name))
            add(getString(verdict(found)))
            add(getString(R.string.saved, file.path))
        } catch (fault: FerEdgeException) {
            add(fault.message.orEmpty())
        } catch (error: IOException) {
            add(getString(R.string.not_saved, error.message))
        }
    }

    private fun bitmapRoute(bundle: FerEdgeBundle): CaseCheck {
        val artifact = bundle.manifest.artifacts.firstOrNull() ?: return CaseCheck { null }
        val input = bundle.contract(artifact).input
        return BitmapRoute(input.width, input.height)
    }

    private fun verdict(results: List<CheckResult>): Int =
        if (results.all { it.fault == null }) R.string.self_test_passed else R.string.self_test_failed

    private fun line(result: CheckResult): String =
        result.fault?.let { getString(R.string.check_failed, result.name, it) }
            ?: getString(R.string.check_passed, result.name, result.detail)

    private fun add(line: String) {
        runOnUiThread { text.append(line + "\n") }
    }
}
