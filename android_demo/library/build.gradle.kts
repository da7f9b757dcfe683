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
    sourceSets["main"].java.srcDirs("src/main/kotlin", "src/tflite/kotlin")
}

dependencies {
    api(project(":core"))
    // An app brings the engine that its models need.
    compileOnly("com.google.ai.edge.litert:litert:1.4.0")
}
