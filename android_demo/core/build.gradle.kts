plugins {
    id("org.jetbrains.kotlin.jvm")
}

// The tests run by Maven.
kotlin {
    explicitApi()
    compilerOptions.jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_1_8)
}

java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

sourceSets.named("test") { java.setSrcDirs(emptyList<String>()) }
