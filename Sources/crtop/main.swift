print("crtop")
