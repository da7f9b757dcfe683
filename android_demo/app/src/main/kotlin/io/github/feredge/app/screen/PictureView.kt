package io.github.feredge.app.screen

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.util.TypedValue
import android.view.View
import io.github.feredge.app.R
import io.github.feredge.core.camera.FaceBox

/**
 * A box to draw.
 *
 * @property box in the picture's pixels.
 * @property text above it.
 */
class LabeledBox(
    val box: FaceBox,
    val text: String,
)

/**
 * The camera's picture as the core converted it, so that one sees what the model gets, with boxes around faces.
 *
 * It fills the part that nothing covers ([free]) and goes on below what does; where that would cut off more than a quarter of it, it
 * is shown smaller.
 */
class PictureView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private var bitmap: Bitmap? = null
    private var isFlipped = false
    private var boxes: List<LabeledBox> = emptyList()
    private val free = RectF()
    private val target = RectF()
    private val rectangle = RectF()
    private val scrim = requireNotNull(context.getDrawable(R.drawable.scrim))
    private val scrimHeight = pixels(TypedValue.COMPLEX_UNIT_DIP, SCRIM).toInt()
    private var clock = 0
    private val picturePaint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val boxPaint =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            style = Paint.Style.STROKE
            strokeWidth = pixels(TypedValue.COMPLEX_UNIT_DIP, 3f)
            color = Color.WHITE
            setShadowLayer(strokeWidth, 0f, 0f, Color.BLACK)
        }
    private val textPaint =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            textSize = pixels(TypedValue.COMPLEX_UNIT_SP, 18f)
            color = Color.WHITE
            setShadowLayer(textSize / 4, 0f, 0f, Color.BLACK)
        }

    /** Tells which part of this view is not covered; empty: all is. */
    fun setFree(
        left: Float,
        top: Float,
        right: Float,
        bottom: Float,
    ) {
        if (free.left == left && free.top == top && free.right == right && free.bottom == bottom) return
        free.set(left, top, right, bottom)
        invalidate()
    }

    /** Tells how far the system's clock reaches down, in pixels; no text is written across it. */
    fun setClock(bottom: Int) {
        clock = bottom
        invalidate()
    }

    /** Shows a picture. */
    fun show(
        bitmap: Bitmap,
        isFlipped: Boolean,
        boxes: List<LabeledBox>,
    ) {
        this.bitmap = bitmap
        this.isFlipped = isFlipped
        this.boxes = boxes
        invalidate()
    }

    private fun pixels(
        unit: Int,
        value: Float,
    ): Float = TypedValue.applyDimension(unit, value, resources.displayMetrics)

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val picture = bitmap ?: return
        if (free.isEmpty) free.set(0f, 0f, width.toFloat(), height.toFloat())
        val (byWidth, byHeight) = free.width() / picture.width to free.height() / picture.height
        val scale = minOf(maxOf(byWidth, byHeight), MOST_CUT * minOf(byWidth, byHeight))
        val left = free.centerX() - scale * picture.width / 2
        val top = free.centerY() - scale * picture.height / 2
        target.set(left, top, left + scale * picture.width, top + scale * picture.height)
        canvas.save()
        if (isFlipped) canvas.scale(-1f, 1f, target.centerX(), 0f)
        canvas.drawBitmap(picture, null, target, picturePaint)
        canvas.restore()
        scrim.setBounds(0, 0, width, scrimHeight)
        scrim.draw(canvas)
        boxes.forEach { draw(canvas, it, scale) }
    }

    private fun draw(
        canvas: Canvas,
        labeled: LabeledBox,
        scale: Float,
    ) {
        val x0 = target.left + scale * labeled.box.x0.toFloat()
        val x1 = target.left + scale * labeled.box.x1.toFloat()
        val top = target.top + scale * labeled.box.y0.toFloat()
        val bottom = target.top + scale * labeled.box.y1.toFloat()
        if (isFlipped) {
            rectangle.set(target.left + target.right - x1, top, target.left + target.right - x0, bottom)
        } else {
            rectangle.set(x0, top, x1, bottom)
        }
        val radius = 2 * boxPaint.strokeWidth
        canvas.drawRoundRect(rectangle, radius, radius, boxPaint)
        val highest = maxOf(target.top, free.top, clock.toFloat())
        val baseline = maxOf(rectangle.top - radius, highest + textPaint.textSize)
        canvas.drawText(labeled.text, maxOf(rectangle.left, free.left), baseline, textPaint)
    }

    private companion object {
        const val MOST_CUT = 4f / 3
        const val SCRIM = 64f
    }
}
