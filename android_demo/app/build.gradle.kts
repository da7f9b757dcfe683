plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "io.github.feredge.app"
    compileSdk = 36

    defaultConfig {
        applicationId = "io.github.feredge.app"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }
    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles("proguard.pro")
        }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
    sourceSets["main"].java.srcDirs("src/main/kotlin")
    sourceSets["main"].assets.srcDir(layout.buildDirectory.dir("ready"))
    androidResources { noCompress += listOf("tflite", "onnx"); ignoreAssetsPatterns += "!reference.safetensors*" }
}

// What `fer-export --android` left in src/main/assets, else the ready bundle.
val readyBundle by tasks.registering(Sync::class) {
    if (!file("src/main/assets/bundle/manifest.json").exists()) from("../bundle")
    into(layout.buildDirectory.dir("ready/bundle"))
}
tasks.named("preBuild") { dependsOn(readyBundle) }

dependencies {
    implementation(project(":core"))
    implementation(project(":library"))
    // The successor of org.tensorflow:tensorflow-lite with the same classes, aligned to pages of 16 KB.
    implementation("com.google.ai.edge.litert:litert:1.4.0")
}
