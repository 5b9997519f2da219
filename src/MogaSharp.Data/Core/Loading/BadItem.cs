namespace MogaSharp.Data;

/// <summary>An image or clip that could not be read and was passed over.</summary>
/// <param name="Index">Its place in the data set.</param>
/// <param name="Name">Its name, such as its path.</param>
/// <param name="Problem">Why it could not be read.</param>
public sealed record BadItem(int Index, string Name, string Problem);
