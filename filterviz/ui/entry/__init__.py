"""What Streamlit runs, and its options."""
