plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "io.github.feredge.android"
    compileSdk = 36
    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
    sourceSets["main"].java.srcDirs("src/main/kotlin")
}

dependencies {
    api(project(":core"))
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
    // An app brings the engine that its models need, and CameraX and ML Kit where it calls their adapters.
    compileOnly("com.google.ai.edge.litert:litert:1.4.0")
    compileOnly("com.microsoft.onnxruntime:onnxruntime-android:1.22.0")
    compileOnly("androidx.camera:camera-core:1.4.2")
    compileOnly("com.google.mlkit:face-detection:16.1.7")
}
