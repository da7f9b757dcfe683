"""Where an artifact runs: this machine, an Android device behind adb, a board behind ssh."""
