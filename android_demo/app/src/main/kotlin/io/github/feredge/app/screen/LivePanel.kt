package io.github.feredge.app.screen

import android.view.View
import android.view.ViewGroup
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Spinner
import android.widget.TextView
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.app.R
import io.github.feredge.app.live.Choice
import io.github.feredge.app.live.FaceAnswer
import io.github.feredge.app.live.LiveResult
import io.github.feredge.app.live.RunningModel
import io.github.feredge.core.answer.Ranking
import java.text.NumberFormat

/** Everything on the live screen that shows something: picture, boxes, answer, bars, what runs. */
class LivePanel(
    private val root: View,
) {
    private val context = root.context
    private val picture: PictureView = root.findViewById(R.id.picture)
    private val sheet: View = root.findViewById(R.id.sheet)
    private val bars: BarsView = root.findViewById(R.id.bars)
    private val answer: TextView = root.findViewById(R.id.answer)
    private val percent: TextView = root.findViewById(R.id.percent)
    private val second: TextView = root.findViewById(R.id.second)
    private val latency: TextView = root.findViewById(R.id.latency)
    private val note: TextView = root.findViewById(R.id.note)
    private val announcement: View = root.findViewById(R.id.announcement)
    private val format = NumberFormat.getPercentInstance()
    private val announcements = Announcements()
    private var shown: RunningModel? = null
    private var names: List<String> = emptyList()
    private var ranking = Ranking(emptyList())

    init {
        val bottom = sheet.paddingBottom
        val top = sheet.paddingTop
        val end = sheet.paddingRight
        Insets.listen(root) { room ->
            picture.setClock(room.top)
            val isBeside = isBeside()
            sheet.setPadding(sheet.paddingLeft, if (isBeside) top + room.top else top, end + room.right, bottom + room.bottom)
        }
        sheet.addOnLayoutChangeListener { _, left, sheetTop, _, _, _, _, _, _ ->
            val corner = context.resources.getDimension(R.dimen.corner)
            if (isBeside()) {
                picture.setFree(0f, 0f, left + corner, root.height.toFloat())
            } else {
                picture.setFree(0f, 0f, root.width.toFloat(), sheetTop + corner)
            }
        }
    }

    private fun isBeside() = sheet.layoutParams.height == ViewGroup.LayoutParams.MATCH_PARENT

    /** What runs from now on. */
    fun show(model: RunningModel) {
        shown = model
        names = model.labels.map { EmotionNames.of(context, it) }
        ranking = Ranking(model.labels)
        bars.setNames(names)
        val running = context.getString(R.string.running, model.variant, model.engine)
        val asked = model.asked
        val instead =
            model.reason?.let {
                context.getString(R.string.instead, asked.variant ?: model.variant, asked.accelerator.word, it)
            }
        note(listOfNotNull(running, instead).joinToString("\n"))
    }

    /** A remark about what runs. */
    fun note(sentence: String) {
        note.text = sentence
    }

    /** A sentence in place of an answer. */
    fun say(sentence: String) {
        show(answer, sentence)
        show(percent, "")
        show(second, "")
        bars.clear()
        announce(sentence, null)
    }

    /** A picture with its answers. */
    fun show(
        result: LiveResult,
        nanos: Long,
    ) {
        if (result.model !== shown) show(result.model)
        picture.show(result.bitmap, result.isFlipped, result.faces.map { LabeledBox(it.box, sentence(it, 0)) })
        val face = result.faces.firstOrNull()
        if (face == null) {
            val sentence = context.getString(R.string.no_face)
            show(answer, sentence)
            show(percent, "")
            show(second, "")
            bars.clear()
            announce(sentence, nanos)
            return
        }
        val order = ranking.order(face.probabilities)
        show(answer, names[order[0]])
        show(percent, format.format(face.probabilities[order[0]]))
        show(second, secondGuess(face, order))
        bars.show(face.probabilities)
        show(latency, context.getString(R.string.latency, result.cameraNanos * MILLI, result.inferenceNanos * MILLI))
        announce(names[order[0]], nanos)
    }

    /** Only where it says something: a guess that is nearly as good, or a first one that is weak. */
    private fun secondGuess(
        face: FaceAnswer,
        order: IntArray,
    ): String {
        if (order.size < 2) return ""
        val probability = face.probabilities[order[1]]
        return if (probability < LEAST_SECOND) "" else context.getString(R.string.second, sentence(face, 1))
    }

    private fun sentence(
        face: FaceAnswer,
        place: Int,
    ): String {
        val index = ranking.order(face.probabilities)[place]
        return context.getString(R.string.guess, names[index], format.format(face.probabilities[index]))
    }

    private fun announce(
        sentence: String,
        nanos: Long?,
    ) {
        val next = if (nanos == null) sentence else announcements.next(sentence, nanos)
        if (next != null) announcement.contentDescription = next
    }

    private fun show(
        view: TextView,
        text: String,
    ) {
        if (view.text.toString() != text) view.text = text
    }

    /** Lists for the developer, with what runs selected. */
    fun offer(
        variants: List<String>,
        model: RunningModel,
        choose: (Choice) -> Unit,
    ) {
        val words = Accelerator.values().map { it.word }
        select(R.id.variant, variants, model.variant) { choose(Choice(it, model.accelerator)) }
        select(R.id.accelerator, words, model.accelerator.word) { choose(Choice(model.variant, Accelerator.of(it))) }
    }

    private fun select(
        id: Int,
        words: List<String>,
        current: String,
        choose: (String) -> Unit,
    ) {
        val spinner = root.findViewById<Spinner>(id)
        spinner.onItemSelectedListener = null
        spinner.adapter = ArrayAdapter(context, android.R.layout.simple_spinner_dropdown_item, words)
        spinner.setSelection(words.indexOf(current), false)
        spinner.onItemSelectedListener =
            object : AdapterView.OnItemSelectedListener {
                override fun onItemSelected(
                    parent: AdapterView<*>?,
                    view: View?,
                    position: Int,
                    row: Long,
                ) {
                    if (words[position] != current) choose(words[position])
                }

                override fun onNothingSelected(parent: AdapterView<*>?) = Unit
            }
    }

    private companion object {
        const val MILLI = 1e-6
        const val LEAST_SECOND = 0.15f
    }
}
