package io.github.feredge.android.bundle

import android.content.Context
import android.content.SharedPreferences
import io.github.feredge.core.BundleException
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource

/**
 * A bundle that came with an app: every file is compared with its hash once for each installation, not at each start, since
 * what is inside an APK cannot change while it is installed.
 *
 * @param source of its files.
 * @param name of the bundle among those of the app.
 * @param memory where to note that they were compared.
 * @param installation changes with each installation and update.
 */
public class InstalledBundle(
    private val source: BundleSource,
    private val name: String,
    private val memory: SharedPreferences,
    private val installation: String,
) {
    /**
     * In the assets of the app that calls.
     *
     * @param context of the app.
     * @param folder of the assets.
     */
    public constructor(context: Context, folder: String) : this(
        AssetFiles(context.assets, folder),
        folder,
        context.getSharedPreferences("fer-edge-bundle", Context.MODE_PRIVATE),
        "${context.packageManager.getPackageInfo(context.packageName, 0).lastUpdateTime}",
    )

    /**
     * Opens the bundle.
     *
     * @throws io.github.feredge.core.DocumentException the manifest is not of the schema.
     * @throws BundleException a file is missing or changed; only the first time.
     */
    public fun open(): Bundle {
        val bundle = Bundle.open(source)
        val stamp = "$installation ${bundle.sha256}"
        if (memory.getString(name, null) != stamp) {
            bundle.verify(paths(bundle))
            memory.edit().putString(name, stamp).apply()
        }
        return Bundle.open(source, isVerified = true)
    }

    /** What travels to a phone. */
    public companion object {
        private const val REFERENCE = "reference.safetensors"

        /** Paths of the files that an app holds, sorted: all but the PyTorch weights, with which only computers compare. */
        public fun paths(bundle: Bundle): List<String> =
            bundle.manifest.files.keys
                .filterNot { it.startsWith(REFERENCE) }
                .sorted()
    }
}
