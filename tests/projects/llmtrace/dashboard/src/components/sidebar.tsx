export const Sidebar = () => <footer>LLMTrace v0.1.0</footer>;
