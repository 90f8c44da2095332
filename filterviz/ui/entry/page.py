"""The page for one visitor, which Streamlit runs from top to bottom for every turn."""

from filterviz.ui import page

if __name__ == "__main__":
    page.main()
