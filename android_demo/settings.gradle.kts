// For Android Studio. Not run where this project is tested: its plugins live on Google's repository alone. See README.md.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "fer-edge"
include(":core", ":library", ":app")
