@main struct LoadCommand { static func main() {} }
