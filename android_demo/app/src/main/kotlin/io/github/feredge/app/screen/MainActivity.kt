package io.github.feredge.app.screen

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Bundle
import android.view.Surface
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.Spinner
import android.widget.TextView
import android.widget.Toast
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.model.OpenedModel
import io.github.feredge.app.FaceAnswer
import io.github.feredge.app.LiveResult
import io.github.feredge.app.LiveScreen
import io.github.feredge.app.LiveWorker
import io.github.feredge.app.R
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.app.parts
import io.github.feredge.app.results
import io.github.feredge.core.answer.Ranking
import java.io.File
import java.io.IOException
import java.text.NumberFormat

/** The live screen: picture, boxes, bars. Holds the camera from start to stop, so that it works in a split screen too. */
class MainActivity :
    Activity(),
    LiveScreen {
    private lateinit var picture: PictureView
    private lateinit var bars: BarsView
    private lateinit var answer: TextView
    private lateinit var second: TextView
    private lateinit var latency: TextView
    private lateinit var note: TextView
    private lateinit var settings: Settings
    private lateinit var source: PictureSource

    private val percent = NumberFormat.getPercentInstance().apply { maximumFractionDigits = 1 }
    private var worker: LiveWorker? = null
    private var names: List<String> = emptyList()
    private var ranking = Ranking(emptyList())
    private var hasAsked = false
    private var isRefused = false

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        settings = Settings(this)
        source = parts.pictures()
        hasAsked = savedInstanceState?.getBoolean(HAS_ASKED) ?: false
        showLive()
    }

    private fun showLive() {
        isRefused = false
        setContentView(R.layout.main)
        picture = findViewById(R.id.picture)
        bars = findViewById(R.id.bars)
        answer = findViewById(R.id.answer)
        second = findViewById(R.id.second)
        latency = findViewById(R.id.latency)
        note = findViewById(R.id.note)
        findViewById<Button>(R.id.lens).setOnClickListener { changeLens() }
        findViewById<Button>(R.id.dump).setOnClickListener { worker?.dump() }
        findViewById<Button>(R.id.self_test).setOnClickListener { startActivity(Intent(this, SelfTestActivity::class.java)) }
        findViewById<Button>(R.id.about).setOnClickListener { startActivity(Intent(this, AboutActivity::class.java)) }
    }

    override fun onStart() {
        super.onStart()
        if (isRefused) showLive()
        worker = LiveWorker(parts, this).also { it.open(settings.variant, settings.accelerator) }
    }

    override fun onStop() {
        super.onStop()
        source.stop()
        worker?.stop()
        worker = null
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putBoolean(HAS_ASKED, hasAsked)
    }

    override fun onReady(
        opened: OpenedModel,
        variants: List<String>,
    ) {
        val labels = opened.model.contract.labels
        names = labels.map { EmotionNames.of(this, it) }
        ranking = Ranking(labels)
        bars.setNames(names)
        note.text = opened.fallback?.let { getString(R.string.fallback, it) } ?: opened.model.engineDescription
        choices(R.id.variant, variants, opened.model.variant) { settings.variant = it }
        val words = Accelerator.values().map { it.word }
        choices(R.id.accelerator, words, settings.accelerator.word) { settings.accelerator = Accelerator.of(it) }
        startCamera()
    }

    private fun choices(
        id: Int,
        words: List<String>,
        chosen: String,
        keep: (String) -> Unit,
    ) {
        val spinner = findViewById<Spinner>(id)
        spinner.onItemSelectedListener = null
        spinner.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, words)
        spinner.setSelection(words.indexOf(chosen), false)
        spinner.onItemSelectedListener =
            object : AdapterView.OnItemSelectedListener {
                override fun onItemSelected(
                    parent: AdapterView<*>?,
                    view: View?,
                    position: Int,
                    row: Long,
                ) {
                    if (words[position] == chosen) return
                    keep(words[position])
                    worker?.open(settings.variant, settings.accelerator)
                }

                override fun onNothingSelected(parent: AdapterView<*>?) = Unit
            }
    }

    private fun startCamera() {
        val handler = worker?.handler ?: return
        if (!source.needsPermission || isAllowed()) {
            source.start(settings.isFront, displayDegrees(), handler, worker ?: return)
        } else if (!hasAsked) {
            hasAsked = true
            requestPermissions(arrayOf(Manifest.permission.CAMERA), PERMISSION)
        } else {
            onCameraProblem(getString(R.string.camera_denied))
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

    // Its successor, Context.getDisplay, begins with Android 11.
    @Suppress("DEPRECATION")
    private fun displayDegrees(): Int =
        when (windowManager.defaultDisplay.rotation) {
            Surface.ROTATION_90 -> 90
            Surface.ROTATION_180 -> 180
            Surface.ROTATION_270 -> 270
            else -> 0
        }

    override fun onResult(result: LiveResult) {
        val labeled = result.faces.map { LabeledBox(it.box, sentence(it, 0)) }
        picture.show(result.bitmap, result.isFlipped, labeled)
        val face = result.faces.firstOrNull()
        if (face == null) {
            showNoFace()
            return
        }
        show(answer, sentence(face, 0))
        show(second, if (names.size > 1) getString(R.string.second, sentence(face, 1)) else "")
        bars.show(face.probabilities)
        latency.text = getString(R.string.latency, result.cameraNanos * MILLI, result.inferenceNanos * MILLI)
    }

    private fun showNoFace() {
        show(answer, getString(R.string.no_face))
        show(second, "")
        bars.clear()
    }

    /** Only what changed, or a screen reader would speak without end. */
    private fun show(
        view: TextView,
        text: String,
    ) {
        if (view.text.toString() != text) view.text = text
    }

    private fun sentence(
        face: FaceAnswer,
        place: Int,
    ): String {
        val index = ranking.order(face.probabilities)[place]
        return getString(R.string.guess, names[index], percent.format(face.probabilities[index]))
    }

    override fun onRefused(message: String) {
        source.stop()
        isRefused = true
        setContentView(R.layout.refusal)
        findViewById<TextView>(R.id.refusal).text = message
        findViewById<Button>(R.id.start_over).setOnClickListener {
            settings.clear()
            recreate()
        }
    }

    override fun onCameraProblem(message: String) {
        if (!isRefused) show(answer, message)
    }

    override fun onDump(text: String) {
        val file = File(results, "dump-${System.currentTimeMillis()}.json")
        val message =
            try {
                file.writeText(text)
                getString(R.string.saved, file.path)
            } catch (error: IOException) {
                getString(R.string.not_saved, error.message)
            }
        Toast.makeText(this, message, Toast.LENGTH_LONG).show()
    }

    private companion object {
        const val HAS_ASKED = "has_asked"
        const val PERMISSION = 1
        const val MILLI = 1e-6
    }
}
