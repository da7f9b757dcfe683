package io.github.feredge.app.screen

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.util.TypedValue
import android.view.View
import io.github.feredge.app.R
import java.text.NumberFormat

/** A bar for each emotion, in label order, so that bars keep their places. */
class BarsView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    /** What is shown, in label order; empty while there is no face. */
    var probabilities: FloatArray = FloatArray(0)
        private set

    private var names: List<String> = emptyList()
    private val percent = NumberFormat.getPercentInstance()
    private val bar = RectF()
    private val textPaint =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            textSize = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, 14f, resources.displayMetrics)
            color = context.getColor(R.color.text)
        }
    private val barPaint = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.bar) }
    private val trackPaint = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.track) }
    private val row get() = textPaint.textSize * ROW

    /** Names of the bars in label order. */
    fun setNames(names: List<String>) {
        if (names == this.names) return
        this.names = names
        clear()
        requestLayout()
    }

    /** Shows an answer; the array is kept. */
    fun show(probabilities: FloatArray) {
        this.probabilities = probabilities
        invalidate()
    }

    /** Read when somebody asks for it, not with every picture. */
    override fun getContentDescription(): CharSequence {
        if (probabilities.isEmpty()) return context.getString(R.string.no_face)
        return names.indices
            .sortedByDescending { probabilities[it] }
            .joinToString { "${names[it]} ${percent.format(probabilities[it])}" }
    }

    /** Shows empty bars. */
    fun clear() {
        probabilities = FloatArray(0)
        invalidate()
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val height = (row * names.size).toInt() + paddingTop + paddingBottom
        setMeasuredDimension(
            getDefaultSize(suggestedMinimumWidth, widthMeasureSpec),
            resolveSize(height, heightMeasureSpec),
        )
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val nameWidth = (names.maxOfOrNull(textPaint::measureText) ?: 0f) + textPaint.textSize
        val numberWidth = textPaint.measureText(percent.format(1.0)) + textPaint.textSize / 2
        val right = width - paddingRight - numberWidth
        names.forEachIndexed { index, name ->
            val top = paddingTop + index * row
            val baseline = top + row / 2 + textPaint.textSize / 3
            textPaint.textAlign = Paint.Align.LEFT
            canvas.drawText(name, paddingLeft.toFloat(), baseline, textPaint)
            val value = probabilities.getOrNull(index)
            draw(canvas, top, paddingLeft + nameWidth, right, value ?: 0f)
            textPaint.textAlign = Paint.Align.RIGHT
            if (value != null) canvas.drawText(percent.format(value), (width - paddingRight).toFloat(), baseline, textPaint)
        }
    }

    private fun draw(
        canvas: Canvas,
        top: Float,
        left: Float,
        right: Float,
        value: Float,
    ) {
        val gap = row / 5
        val radius = row / 6
        bar.set(left, top + gap, right, top + row - gap)
        canvas.drawRoundRect(bar, radius, radius, trackPaint)
        bar.right = left + (right - left) * value
        if (value > 0) canvas.drawRoundRect(bar, radius, radius, barPaint)
    }

    private companion object {
        const val ROW = 1.6f
    }
}
