package io.github.feredge.app.screen

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Bundle
import android.os.SystemClock
import android.view.View
import android.widget.Button
import android.widget.TextView
import android.widget.Toast
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.app.R
import io.github.feredge.app.camera.CameraProblem
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.app.live.Choice
import io.github.feredge.app.live.LiveResult
import io.github.feredge.app.live.LiveScreen
import io.github.feredge.app.live.LiveWorker
import io.github.feredge.app.live.RunningModel
import io.github.feredge.app.parts
import io.github.feredge.app.results
import io.github.feredge.app.shown
import java.io.File
import java.io.IOException

/** The live screen. Holds the camera from start to stop, so that it works in a split screen too. */
class MainActivity :
    Activity(),
    LiveScreen {
    private lateinit var settings: Settings
    private lateinit var source: PictureSource
    private lateinit var turns: DisplayTurns

    private var panel: LivePanel? = null
    private var worker: LiveWorker? = null
    private var crashed: String? = null
    private var hasAsked = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        settings = Settings(this)
        source = parts.pictures()
        turns = DisplayTurns(this) { source.turn(it) }
        hasAsked = savedInstanceState?.getBoolean(HAS_ASKED) ?: false
        window.goEdgeToEdge()
        showLive()
    }

    private fun showLive() {
        setContentView(R.layout.main)
        panel = LivePanel(findViewById(R.id.root))
        findViewById<Button>(R.id.lens).setOnClickListener { changeLens() }
        findViewById<Button>(R.id.dump).setOnClickListener { worker?.dump() }
        findViewById<Button>(R.id.self_test).setOnClickListener { startActivity(Intent(this, SelfTestActivity::class.java)) }
        findViewById<Button>(R.id.about).setOnClickListener { startActivity(Intent(this, AboutActivity::class.java)) }
    }

    override fun onStart() {
        super.onStart()
        if (panel == null) showLive()
        findViewById<View>(R.id.developer).visibility = if (settings.isDeveloper) View.VISIBLE else View.GONE
        turns.start()
        worker = LiveWorker(parts, this)
        crashed = settings.crashedTrial
        val choice = settings.choice
        open(if (crashed == null) choice else Choice(choice.variant, Accelerator.CPU))
    }

    private fun open(choice: Choice) {
        settings.beginTrial(choice)
        worker?.open(choice)
    }

    override fun onResume() {
        super.onResume()
        source.retry()
    }

    override fun onStop() {
        super.onStop()
        turns.stop()
        source.stop()
        worker?.stop()
        worker = null
        settings.endTrial()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putBoolean(HAS_ASKED, hasAsked)
    }

    override fun onReady(
        model: RunningModel,
        variants: List<String>,
    ) {
        val shown = panel ?: return
        shown.show(model)
        shown.offer(variants, model) { open(it) }
        crashed?.let { shown.note(getString(R.string.crashed, it)) }
        crashed = null
        startCamera()
    }

    override fun onProven(model: RunningModel) {
        // What gave way was not what the user chose; the choice before stays.
        if (model.reason == null) settings.keep(Choice(model.variant, model.accelerator)) else settings.endTrial()
    }

    private fun startCamera() {
        val working = worker ?: return
        if (!source.needsPermission || isAllowed()) {
            source.start(settings.isFront, turns.degrees, working.handler, working)
        } else if (!hasAsked) {
            hasAsked = true
            requestPermissions(arrayOf(Manifest.permission.CAMERA), PERMISSION)
        } else {
            onCameraProblem(CameraProblem.DENIED)
        }
    }

    private fun isAllowed() = checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

    override fun onRequestPermissionsResult(
        requestCode: Int,
        permissions: Array<out String>,
        grantResults: IntArray,
    ) {
        if (requestCode == PERMISSION) startCamera()
    }

    private fun changeLens() {
        settings.isFront = !settings.isFront
        startCamera()
    }

    override fun onResult(result: LiveResult) {
        panel?.show(result, SystemClock.elapsedRealtimeNanos())
    }

    override fun onRefused(message: String) {
        source.stop()
        settings.endTrial()
        panel = null
        setContentView(R.layout.refusal)
        Insets.pad(findViewById(R.id.root))
        findViewById<TextView>(R.id.refusal).text = message
        findViewById<Button>(R.id.start_over).setOnClickListener {
            settings.clear()
            recreate()
        }
    }

    override fun onCameraProblem(problem: CameraProblem) {
        val sentence =
            when (problem) {
                CameraProblem.NONE -> R.string.camera_none
                CameraProblem.TAKEN -> R.string.camera_taken
                CameraProblem.DISABLED -> R.string.camera_disabled
                CameraProblem.DENIED -> R.string.camera_denied
                CameraProblem.FAILED -> R.string.camera_failed
            }
        panel?.say(getString(sentence))
    }

    override fun onPictureRefused(message: String) {
        panel?.say(message)
    }

    override fun onDump(text: String) {
        val file = File(results, "dump-${System.currentTimeMillis()}.json")
        val message =
            try {
                file.writeText(text)
                getString(R.string.saved, file.shown)
            } catch (error: IOException) {
                getString(R.string.not_saved, error.message)
            }
        Toast.makeText(this, message, Toast.LENGTH_LONG).show()
    }

    private companion object {
        const val HAS_ASKED = "has_asked"
        const val PERMISSION = 1
    }
}
